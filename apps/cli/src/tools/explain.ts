import { table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";

/** `laila args explain`. */
export const explain: Command = (context) =>
  Project.use(context, async (project) => {
    const found = project.laila.explainArgs({ classes: await project.backends.all() });
    const json = found.map((one) => ({ ...one, unknown: one.unknown ?? null }));
    const rows = found.map(({ name, value, origin, replaced, unknown }) => {
      const notes = [
        ...(replaced.length > 0 ? [`in place of ${replaced.join(", ")}`] : []),
        ...(unknown === undefined
          ? []
          : [
              `configures nothing${unknown.length > 0 ? `; did you mean ${unknown.join(" or ")}?` : ""}`,
            ]),
      ];
      return [name, value, origin, notes.join("; ")];
    });
    if (rows.length === 0)
      context.say("There are no arguments. Name a file with --secrets FILE, or in laila.config.*.");
    return { json, text: rows.length === 0 ? "" : table(["NAME", "VALUE", "FROM", ""], rows) };
  });
