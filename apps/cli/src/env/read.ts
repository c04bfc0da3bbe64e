import {
  diffEnvironments,
  type EnvironmentDocument,
  environmentHistory,
  environmentPatch,
  formatDiff,
  listEnvironments,
  loadEnvironment,
  type VersionInfo,
} from "@laila/core";
import { table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";
import { numberOf, selectorOf, type Which, whichOf, withTime } from "./name.js";

/** `laila env show`. */
export const show: Command = (context) =>
  Project.use(context, async (project) => {
    const which = withTime(whichOf(context.given.operands[0]), context);
    if (which.live) {
      const { environment } = await project.live();
      return {
        json: { name: null, version: null, info: null, environment },
        text: pretty(environment),
      };
    }
    const name = project.nameOr(which.name);
    const loaded = await loadEnvironment({
      name,
      pool: await project.chosen(),
      namespace: project.laila.namespace,
      signal: context.signal,
      ...selectorOf(which),
    });
    const { environment, version = null, info = null } = loaded;
    context.say(version === null ? name : `${name}, version ${version}`);
    return { json: { name, version, info, environment }, text: pretty(environment) };
  });

/** `laila env list`. */
export const list: Command = (context) =>
  Project.use(context, async (project) => {
    const found = [];
    for await (const one of listEnvironments({
      pool: await project.chosen(),
      signal: context.signal,
    })) {
      found.push({
        ...one,
        name: one.name ?? null,
        latest: one.latest ?? null,
        error: one.error ?? null,
      });
      context.progress(`${found.length} environments`);
    }
    found.sort((a, b) => ((a.name ?? a.manifestId) < (b.name ?? b.manifestId) ? -1 : 1));
    const rows = found.map(({ name, manifestId, latest, labels, error }) => {
      const shown = name ?? manifestId;
      if (!latest) return [shown, "?", "", error instanceof Error ? error.message : "unreadable"];
      const names = Object.entries(labels).map(([label, version]) => `${label}=${version}`);
      return [shown, String(latest.version), latest.time, names.join(" ")];
    });
    if (rows.length === 0)
      context.say("Nothing is saved here. Save the project's set-up with: laila env save");
    return {
      json: found,
      text: rows.length === 0 ? "" : table(["NAME", "VERSION", "SAVED", "LABELS"], rows),
    };
  });

/** `laila env history`. */
export const history: Command = (context) =>
  Project.use(context, async (project) => {
    const { name: operand } = whichOf(context.given.operands[0]);
    const json = await environmentHistory({
      name: project.nameOr(operand),
      pool: await project.chosen(),
      namespace: project.laila.namespace,
      limit: numberOf(context, "limit"),
      signal: context.signal,
    });
    if (json.more) context.say("There are older ones: leave out --limit.");
    if (json.trash.length > 0)
      context.say(
        `In the trash: ${json.trash.map(({ version }) => version).join(", ")}. They can still be shown and rolled back to.`,
      );
    return {
      json,
      text: table(
        ["VERSION", "SAVED", "AUTHOR", "LABELS", "MESSAGE"],
        json.versions.map(historyRow),
      ),
    };
  });

function historyRow({
  version,
  time,
  author,
  labels,
  message,
  current,
  signed,
}: VersionInfo): string[] {
  const marks = [...(current ? ["current"] : []), ...labels, ...(signed ? ["(signed)"] : [])];
  return [String(version), time, author ?? "", marks.join(" "), message ?? ""];
}

/** `laila env diff`. */
export const diff: Command = (context) =>
  Project.use(context, async (project) => {
    const { given } = context;
    const [a, b = "@live"] = given.operands;
    const load = async (which: Which): Promise<[string, EnvironmentDocument]> => {
      if (which.live)
        return [which.shown, (await project.live(project.nameOr(whichOf(a).name))).environment];
      const name = project.nameOr(which.name);
      const pool = await project.chosen();
      const namespace = project.laila.namespace;
      const loaded = await loadEnvironment({
        name,
        pool,
        namespace,
        signal: context.signal,
        ...selectorOf(which),
      });
      return [
        loaded.version === undefined ? name : `${name}@${loaded.version}`,
        loaded.environment,
      ];
    };
    const [before, old] = await load(whichOf(a));
    const [after, now] = await load(whichOf(b));
    const { args } = project.laila;
    const found = diffEnvironments(old, now, { args });
    const failed = given.on("exit-code") && !found.equal ? "They differ." : undefined;
    if (given.on("patch")) {
      const patch = environmentPatch(old, now, { args });
      return { json: patch, text: JSON.stringify(patch, null, 2), failed };
    }
    const text = formatDiff(found, { before, after, color: context.color });
    return { json: { before, after, diff: found }, text, failed };
  });

function pretty(environment: EnvironmentDocument): string {
  return JSON.stringify(environment, null, 2);
}
