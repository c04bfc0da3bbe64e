import { nativeName } from "./codecs/realm.js";
import { LailaError } from "./errors.js";
import { type GlobalId, isGlobalId } from "./global-id.js";

/**
 * What a manifest holds: a nested object whose leaves are global ids or lists of them.
 * Objects and lists are nested at most {@link maxBlueprintDepth} deep.
 */
export interface Blueprint {
  readonly [name: string]: GlobalId | readonly GlobalId[] | Blueprint;
}

export const maxBlueprintDepth = 256;

const forbidden = new Set(["__proto__", "constructor"]);

/**
 * Checks that a value found in storage is a blueprint, and gives it back.
 * INVALID_DOCUMENT with the path of the first thing that is not.
 */
export function parseBlueprint(value: unknown): Blueprint {
  check(value, "blueprint", 1);
  return value as Blueprint;
}

function check(value: unknown, path: string, depth: number): void {
  if (depth > maxBlueprintDepth) throw invalid(path, `is nested deeper than ${maxBlueprintDepth}`);
  if (!isPlainObject(value)) throw invalid(path, "is not an object of global ids");
  for (const name of Object.keys(value)) {
    const leaf: unknown = (value as Record<string, unknown>)[name];
    const at = `${path}.${name}`;
    if (forbidden.has(name)) throw invalid(at, "has a name that is not allowed");
    if (typeof leaf === "string") {
      if (!isGlobalId(leaf)) throw invalid(at, "is not a global id");
    } else if (Array.isArray(leaf)) {
      if (depth === maxBlueprintDepth)
        throw invalid(at, `is nested deeper than ${maxBlueprintDepth}`);
      for (const [i, id] of leaf.entries()) {
        if (!isGlobalId(id)) throw invalid(`${at}[${i}]`, "is not a global id");
      }
    } else check(leaf, at, depth + 1);
  }
}

/** A Map or a Date has no members either, but is no empty blueprint. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || nativeName(prototype) === "Object";
}

/** Every leaf id, in the blueprint's own order, lists in place. An id that occurs twice comes twice. */
export function* blueprintLeaves(blueprint: Blueprint): Generator<GlobalId> {
  for (const leaf of Object.values(blueprint)) {
    if (typeof leaf === "string") yield leaf;
    else if (isList(leaf)) yield* leaf;
    else yield* blueprintLeaves(leaf);
  }
}

/** The same shape with every leaf id replaced by what `to` gives for it. */
export function mapBlueprint(
  blueprint: Blueprint,
  to: (id: GlobalId) => unknown,
): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  // Not Object.entries, which would make a list for each of what may be a hundred thousand members.
  for (const name of Object.keys(blueprint)) {
    const leaf = blueprint[name] as Blueprint[string];
    const value =
      typeof leaf === "string"
        ? to(leaf)
        : isList(leaf)
          ? leaf.map((id) => to(id))
          : mapBlueprint(leaf, to);
    // Assigned it would be lost: this one name is a setter of every object.
    if (name === "__proto__") Object.defineProperty(mapped, name, { ...plainMember, value });
    else mapped[name] = value;
  }
  return mapped;
}

const plainMember = { enumerable: true, configurable: true, writable: true };

function isList(leaf: readonly GlobalId[] | Blueprint): leaf is readonly GlobalId[] {
  return Array.isArray(leaf);
}

function invalid(path: string, why: string): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `${path} ${why}. A manifest's blueprint holds global ids, lists of them, and objects of these.`,
    { details: { path } },
  );
}
