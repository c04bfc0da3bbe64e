import { copyPool, globalIdOf, movePool, type TransferReport } from "@laila/core";
import { isGlobalId } from "@laila/schema";
import { invalid } from "../env/name.js";
import { bar, count, size } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";

const choices = ["fail", "skip", "overwrite"] as const;

/** `laila pool cp`. */
export const cp: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal } = context;
    const [from = "", to = ""] = given.operands;
    const asked = given.text("on-conflict");
    const onConflict = choices.find((one) => one === asked);
    if (asked !== undefined && onConflict === undefined)
      throw invalid(`--on-conflict takes ${choices.join(", ")}.`);
    const name = given.text("manifest");
    const { namespace } = project.laila;
    let bytes = 0;
    const options = {
      manifest:
        name === undefined || isGlobalId(name, "MANIFEST")
          ? name
          : globalIdOf(name, { scope: "MANIFEST", namespace }),
      onConflict,
      dryRun: given.on("dry-run"),
      signal,
      onProgress: (event: {
        readonly done: number;
        readonly total: number | undefined;
        readonly bytes: number;
      }) => {
        bytes += event.bytes;
        context.progress(bar("Copied", event.done, event.total, bytes));
      },
    };
    const [source, destination] = [await project.pool(from), await project.pool(to)];
    const json = await (given.on("move") ? movePool : copyPool)(source, destination, options);
    return { json, text: summary(json) };
  });

function summary(report: TransferReport): string {
  const { copied, overwritten, skipped, conflicts, deleted, bytes, dryRun } = report;
  const parts = [
    `${count(copied, "value")} ${dryRun ? "would be " : ""}copied (${size(bytes)})`,
    ...(overwritten > 0 ? [`${overwritten} of them over another`] : []),
    `${skipped} there already`,
    ...(conflicts > 0 ? [`${conflicts} left alone`] : []),
    ...(deleted > 0 ? [`${deleted} deleted from the source`] : []),
  ];
  return parts.join(", ");
}
