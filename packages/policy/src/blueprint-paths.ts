import {
  type Blueprint,
  type Entry,
  type GlobalId,
  isGlobalId,
  LailaError,
  maxBlueprintDepth,
} from "@laila/schema";
import { isPlain, kindOf } from "./plain.js";
import { isEntry, isManifestLike, type ManifestLike } from "./selectors.js";

/** One place in a manifest. */
export type ManifestLeaf = Entry | GlobalId | readonly (Entry | GlobalId)[];

/** What a manifest is made from: entries and ids, lists of them, nested objects, other manifests. */
export interface ManifestContents {
  readonly [name: string]: ManifestLeaf | ManifestLike | ManifestContents;
}

/** A name, or the names (and positions in lists) that lead down to a place. */
export type ManifestPath = string | readonly (string | number)[];

type Place = GlobalId | readonly GlobalId[] | Blueprint;

/**
 * The frozen blueprint of contents; entries on the way are put into `entries`.
 * INVALID_ARGUMENT with the path of what does not belong in a manifest.
 */
export function buildBlueprint(
  contents: ManifestContents,
  entries: Map<GlobalId, Entry>,
): Blueprint {
  if (!isPlain(contents))
    throw invalid([], `must be an object with names, not ${kindOf(contents)}`);
  return nested(contents, entries, []);
}

type Path = readonly (string | number)[];

function nested(contents: ManifestContents, entries: Map<GlobalId, Entry>, path: Path): Blueprint {
  if (path.length > maxBlueprintDepth) {
    throw invalid(path.slice(0, 5), `is nested deeper than ${maxBlueprintDepth}`);
  }
  const out: Record<string, Place> = {};
  // Not Object.entries: it makes a list for each of what may be a hundred thousand.
  for (const name of Object.keys(contents)) {
    const value: unknown = contents[name];
    const at = [...path, name];
    if (name === "__proto__" || name === "constructor")
      throw invalid(at, "has a name that is not allowed");
    out[name] = place(value, entries, at);
  }
  return Object.freeze(out);
}

function place(value: unknown, entries: Map<GlobalId, Entry>, path: Path): Place {
  if (typeof value === "string" || isEntry(value)) return leaf(value, entries, path);
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (one: unknown, i) => leaf(one, entries, [...path, i])));
  }
  if (isManifestLike(value)) {
    for (const entry of value.entries.values()) keep(entry, entries, path);
    return nested(value.blueprint, entries, path);
  }
  if (isPlain(value)) return nested(value as ManifestContents, entries, path);
  throw invalid(path, `is ${kindOf(value)}`);
}

function leaf(value: unknown, entries: Map<GlobalId, Entry>, path: Path): GlobalId {
  if (isEntry(value)) {
    keep(value, entries, path);
    return value.globalId;
  }
  if (isGlobalId(value)) return value;
  throw invalid(
    path,
    typeof value === "string" ? "is a text that is no global id" : `is ${kindOf(value)}`,
  );
}

function keep(entry: Entry, entries: Map<GlobalId, Entry>, path: Path): void {
  const same = entries.get(entry.globalId);
  if (same && !Object.is(same.data, entry.data)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `${pathText(path)}: another entry in this manifest has the same id ${entry.globalId} and other data. Keep one of them.`,
      { details: { path: pathText(path), id: entry.globalId } },
    );
  }
  entries.set(entry.globalId, entry);
}

/** What lies at a path; undefined when nothing does. */
export function placeAt(blueprint: Blueprint, path: ManifestPath): Place | undefined {
  let at: unknown = blueprint;
  for (const step of typeof path === "string" ? [path] : path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    if (Array.isArray(at) && typeof step !== "number") return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at as Place;
}

/** Both together, level by level. INVALID_ARGUMENT where they say different things about one place. */
export function mergeBlueprints(a: Blueprint, b: Blueprint, path: Path = []): Blueprint {
  const out: Record<string, Place> = { ...a };
  for (const [name, theirs] of Object.entries(b)) {
    const ours = Object.hasOwn(a, name) ? a[name] : undefined;
    const at = [...path, name];
    if (ours === undefined) out[name] = theirs;
    else if (isNested(ours) && isNested(theirs)) out[name] = mergeBlueprints(ours, theirs, at);
    else if (!sameLeaf(ours, theirs)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `The two manifests differ at ${pathText(at)}, so they cannot be merged. Rename one of the two, or leave it out.`,
        { details: { path: pathText(at) } },
      );
    }
  }
  return Object.freeze(out);
}

/** Every leaf with its path, in order. */
export function* leafPaths(
  blueprint: Blueprint,
  path: Path = [],
): Generator<readonly [string, GlobalId]> {
  for (const [name, at] of Object.entries(blueprint)) {
    const here = [...path, name];
    if (typeof at === "string") yield [pathText(here), at];
    else if (isNested(at)) yield* leafPaths(at, here);
    else for (const [i, id] of at.entries()) yield [pathText([...here, i]), id];
  }
}

/** `layers[2].weights`; a name that is no word is quoted. */
export function pathText(path: ManifestPath): string {
  if (typeof path === "string") return pathText([path]);
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text === "" ? "the manifest" : text;
}

export function isNested(at: Place): at is Blueprint {
  return typeof at !== "string" && !Array.isArray(at);
}

function sameLeaf(a: Place, b: Place): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (isNested(a) || isNested(b)) return false;
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

function invalid(path: Path, why: string): LailaError {
  return new LailaError(
    "INVALID_ARGUMENT",
    `${pathText(path)} ${why}. A manifest holds entries, global ids, lists of these, and nested objects: wrap values with constant() or variable().`,
    { details: { path: pathText(path) } },
  );
}
