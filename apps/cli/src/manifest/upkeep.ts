import { gc as collect, type LeafProblem, repairManifest, verifyManifest } from "@laila/core";
import { invalid, numberOf } from "../env/name.js";
import { bar, count, size } from "../format.js";
import { Project } from "../project/project.js";
import type { Command, Context } from "../spec.js";
import { manifestIdOf } from "./find.js";

interface Step {
  readonly done: number;
  readonly total: number;
}

function following({ progress, signal }: Context, what: string) {
  return { signal, onProgress: ({ done, total }: Step) => progress(bar(what, done, total)) };
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([outcome, n]) => `${n} ${outcome}`)
    .join(", ");
}

function listed(problems: readonly LeafProblem[]): string[] {
  return problems.map(
    ({ id, path, outcome, error }) =>
      `${outcome} ${path === "" ? "the manifest" : path} (${id})${error instanceof Error ? `: ${error.message}` : ""}`,
  );
}

/** `laila manifest verify`. */
export const verify: Command = (context) =>
  Project.use(context, async (project) => {
    const [name] = context.given.operands;
    const json = await verifyManifest(manifestIdOf(name, project), {
      pool: await project.chosen(),
      ...following(context, "Verified"),
    });
    const text = [
      `${count(json.total, "value")}, ${size(json.bytes)}: ${counted(json.counts)}`,
      ...listed(json.problems),
    ].join("\n");
    const failed = json.ok ? undefined : `Next: laila manifest repair ${name} --from POOL`;
    return { json, text, failed };
  });

/** `laila manifest repair`. */
export const repair: Command = (context) =>
  Project.use(context, async (project) => {
    const { given } = context;
    const names = given.texts("from");
    if (names.length === 0)
      throw invalid("Where from? Give --from POOL, once for each pool that may have copies.");
    const from = await Promise.all(names.map((one) => project.pool(one)));
    const json = await repairManifest(manifestIdOf(given.operands[0], project), {
      pool: await project.chosen(),
      from,
      dryRun: given.on("dry-run"),
      ...following(context, "Looked at"),
    });
    const would = json.dryRun ? " (dry run: nothing was written)" : "";
    const text = [
      `${count(json.total, "value")}: ${counted(json.counts)}${would}`,
      ...listed(json.problems),
    ].join("\n");
    const failed = json.ok
      ? undefined
      : "Next: give another pool that may have copies with --from POOL.";
    return { json, text, failed };
  });

const hour = 3_600_000;

/** `laila manifest gc`. */
export const gc: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal, progress } = context;
    const hours = numberOf(context, "older-than");
    const others = await Promise.all(given.texts("reached-from").map((one) => project.pool(one)));
    const dryRun = !given.on("delete");
    let seen = 0;
    const json = await collect(await project.chosen(), {
      dryRun,
      keepNamed: !given.on("named"),
      graceMs: hours === undefined ? undefined : hours * hour,
      alsoReachedFrom: others,
      signal,
      onProgress: () => progress(`Looked at ${++seen} manifests and entries`),
    });
    const gone = json.counts.garbage + json.counts.deleted;
    const text = [
      `${count(json.entries, "entry", "entries")}; ${count(json.manifests, "manifest")} reach ${json.reached} ids`,
      `${count(gone, "entry", "entries")} ${dryRun ? "would go" : "deleted"} (${size(json.bytes)}), ${json.named} of them with a nickname`,
      `not reached, and kept: ${json.counts.kept} with a nickname, ${json.counts.young} too young, ${json.counts.undated} without a date`,
    ].join("\n");
    if (dryRun && gone > 0)
      context.say("Nothing was deleted. Collect them with: laila manifest gc --delete");
    const failed =
      json.counts.failed > 0
        ? `${count(json.counts.failed, "entry", "entries")} could not be dealt with. Next: run it again.`
        : undefined;
    return { json, text, failed };
  });
