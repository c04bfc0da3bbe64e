import {
  type Blueprint,
  blueprintLeaves,
  type Entry,
  type GlobalId,
  isLailaError,
  LailaError,
  mapBlueprint,
} from "@laila/schema";
import { leafPaths } from "./blueprint-paths.js";
import { type Future, withoutSteps } from "./future.js";
import { type GroupFuture, type Outcome, valuesOf } from "./group-future.js";
import type { ForgetManifestOptions, MemorizeManifestOptions, RememberOptions } from "./options.js";
import { nameOf } from "./pool-io.js";
import type { EncodedEntry } from "./records.js";
import type { ManifestLike } from "./selectors.js";
import { attempt, type Backstage, type Stage } from "./stage.js";

/** Writes the leaves, and when all of them have landed, the manifest's own record. */
export function memorizeManifest(
  { io, runtime, route }: Backstage,
  manifest: ManifestLike,
  options: MemorizeManifestOptions,
): Future<Entry<Blueprint>> {
  const own = manifest.toEntry();
  const pool = route(options);
  const records = attempt(() => {
    const leaves: EncodedEntry[] = [];
    for (const entry of manifest.entries.values())
      leaves.push(encodeLeaf((leaf) => io.encode(leaf, pool()), manifest, entry));
    return { leaves, own: io.encode(own, pool()) };
  });
  return runtime.start(
    async (control) => {
      const stage: Stage = { io, pool: pool(), control };
      const { leaves, own: record } = records();
      if (options.verify !== false) await verifyIds(stage, manifest);
      valuesOf(
        name(
          manifest,
          await io.writeAll(stage.pool, leaves, control),
          leaves.map(({ id }) => id),
        ),
        `The manifest ${nameFor(manifest)} was not memorized, because not every leaf was`,
        control,
      );
      await io.write(stage.pool, record, control);
      return own;
    },
    { signal: options.signal, total: manifest.entries.size + 1 },
  );
}

/** All leaves in the blueprint's order. */
export function rememberLeaves(
  { io, runtime, route }: Backstage,
  manifest: ManifestLike,
  options: RememberOptions & { readonly copyTo?: Stage["pool"] | undefined },
): GroupFuture<Entry[]> {
  const ids = [...blueprintLeaves(manifest.blueprint)];
  const pool = route(options);
  const alpha = options.keepCopy === true ? route({}) : () => undefined;
  return runtime.startGroup(
    async (control) => name(manifest, await io.readAll(pool(), ids, control, alpha()), ids),
    { signal: options.signal, size: ids.length, what: missing(manifest) },
  );
}

/** The leaves at their places in the blueprint. Rejects when one is missing. */
export async function readTree(
  { io, pool, control }: Stage,
  manifest: ManifestLike,
  copyTo: Stage["pool"] | undefined,
): Promise<ReadonlyMap<GlobalId, Entry>> {
  const ids = [...new Set(blueprintLeaves(manifest.blueprint))];
  const outcomes = name(manifest, await io.readAll(pool, ids, control, copyTo), ids);
  const entries = valuesOf(outcomes, missing(manifest), control);
  const leaves = new Map<GlobalId, Entry>();
  ids.forEach((id, i) => {
    leaves.set(id, entries[i] as Entry);
  });
  return leaves;
}

/** The blueprint's shape with what `to` makes of each leaf. */
export function shape(
  blueprint: Blueprint,
  leaves: ReadonlyMap<GlobalId, Entry>,
  to: (entry: Entry) => unknown,
): Record<string, unknown> {
  return mapBlueprint(blueprint, (id) => to(leaves.get(id) as Entry));
}

/** The manifest's own record goes first, so that one that can be read is never without its leaves. */
export function forgetManifest(
  { io, runtime, route }: Backstage,
  manifest: ManifestLike,
  options: ForgetManifestOptions,
): Future<GlobalId> {
  const pool = route(options);
  const ids = options.leaves === false ? [] : [...new Set(blueprintLeaves(manifest.blueprint))];
  return runtime.start(
    async (control) => {
      await io.delete(pool(), manifest.globalId, control);
      control.advance();
      valuesOf(
        await io.deleteAll(pool(), ids, control),
        `The manifest ${nameFor(manifest)} is forgotten, but not every leaf is`,
        control,
      );
      return manifest.globalId;
    },
    { signal: options.signal, total: ids.length + 1 },
  );
}

/** Leaves known by id only must be in the pool before the manifest is. NOT_FOUND, before anything is written. */
async function verifyIds({ io, pool, control }: Stage, manifest: ManifestLike): Promise<void> {
  const ids = [...new Set(blueprintLeaves(manifest.blueprint))].filter(
    (id) => !manifest.entries.has(id),
  );
  const outcomes = await io.forEach(ids, withoutSteps(control), async (id) => {
    if (await io.exists(pool, id, control)) return;
    throw new LailaError(
      "NOT_FOUND",
      `${id} was given by id and is not in ${nameOf(pool)}. Memorize it there first, give the entry itself, or pass { verify: false } when it lies elsewhere.`,
      { details: { id, pool: pool.globalId } },
    );
  });
  valuesOf(
    name(manifest, outcomes, ids),
    `The manifest ${nameFor(manifest)} was not memorized, because leaves are missing`,
    control,
  );
}

/** Failures of leaves also say which leaf of which manifest it is. */
function name<T>(
  manifest: ManifestLike,
  outcomes: readonly Outcome<T>[],
  ids: readonly GlobalId[],
): Outcome<T>[] {
  let paths: Map<GlobalId, string> | undefined;
  return outcomes.map((outcome, i) => {
    if (outcome.status === "fulfilled" || !isLailaError(outcome.reason)) return outcome;
    // An abort is the caller's doing, not a leaf's.
    if (isLailaError(outcome.reason, "ABORTED")) return outcome;
    paths ??= firstPaths(manifest.blueprint);
    const id = ids[i] as GlobalId;
    return {
      status: "rejected",
      reason: leafError(outcome.reason, manifest, id, paths.get(id) ?? id),
    };
  });
}

function firstPaths(blueprint: Blueprint): Map<GlobalId, string> {
  const paths = new Map<GlobalId, string>();
  for (const [path, id] of leafPaths(blueprint)) if (!paths.has(id)) paths.set(id, path);
  return paths;
}

/** The same failure, with the leaf and the manifest it is of. */
export function leafError(
  error: LailaError,
  manifest: ManifestLike,
  id: GlobalId,
  path: string,
): LailaError {
  return new LailaError(
    error.code,
    `The leaf ${path} of the manifest ${nameFor(manifest)}: ${error.message}`,
    {
      cause: error,
      details: { ...error.details, id, path, manifest: manifest.globalId },
      ...(error.errors ? { errors: error.errors } : {}),
    },
  );
}

function encodeLeaf(
  encode: (entry: Entry) => EncodedEntry,
  manifest: ManifestLike,
  entry: Entry,
): EncodedEntry {
  try {
    return encode(entry);
  } catch (error) {
    if (!isLailaError(error)) throw error;
    const path = firstPaths(manifest.blueprint).get(entry.globalId) ?? entry.globalId;
    throw leafError(error, manifest, entry.globalId, path);
  }
}

function missing(manifest: ManifestLike): string {
  return `Not every leaf of the manifest ${nameFor(manifest)} could be read`;
}

/** How a manifest is called in messages. */
export function nameFor(manifest: ManifestLike): string {
  const nickname = manifest.toEntry().nickname;
  return nickname === undefined ? manifest.globalId : JSON.stringify(nickname);
}
