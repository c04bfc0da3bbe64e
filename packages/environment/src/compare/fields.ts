import { isDeepStrictEqual } from "node:util";
import { isSecretReference } from "@laila/schema";
import type { FieldChange } from "./diff.js";
import type { Hiding } from "./hidden.js";

type Fields = Readonly<Record<string, unknown>>;

/** What differs between two objects, member by member and down into them; lists of layers by their class. */
export function fieldChanges(before: Fields, after: Fields, hiding: Hiding): FieldChange[] {
  return [...changes(before, after, "", hiding)];
}

function* changes(
  before: Fields,
  after: Fields,
  path: string,
  hiding: Hiding,
): Generator<FieldChange> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const name of [...names].sort((a, b) => (a < b ? -1 : 1))) {
    const was = Object.hasOwn(before, name) ? before[name] : undefined;
    const is = Object.hasOwn(after, name) ? after[name] : undefined;
    if (isDeepStrictEqual(was, is)) continue;
    const shown = hiding.name(name);
    const at = path === "" ? shown : `${path}.${shown}`;
    if (path === "" && name === "layers") yield* layerChanges(was, is, hiding);
    else if (isPlain(was) && isPlain(is)) yield* changes(was, is, at, hiding);
    else yield change(at, name, was, is, hiding);
  }
}

/** Layers have no ids. One is the same when it has the same class and is the same one of that class. */
function* layerChanges(before: unknown, after: unknown, hiding: Hiding): Generator<FieldChange> {
  const [was, is] = [layersOf(before), layersOf(after)];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [one, other] = [was.get(key), is.get(key)];
    const at = `layers[${hiding.name(key)}]`;
    if (one && other) yield* changes(one, other, at, hiding);
    else yield change(at, "layer", one, other, hiding);
  }
  const [order, now] = [[...was.keys()], [...is.keys()]];
  const shown = (keys: readonly string[]): string[] => keys.map((key) => hiding.name(key));
  const kept = order.filter((key) => is.has(key));
  if (
    !isDeepStrictEqual(
      kept,
      now.filter((key) => was.has(key)),
    )
  )
    yield { kind: "changed", path: "layers (order)", before: shown(order), after: shown(now) };
}

function layersOf(layers: unknown): Map<string, Fields> {
  const found = new Map<string, Fields>();
  for (const layer of Array.isArray(layers) ? (layers as Fields[]) : []) {
    const token = String(layer.class_token);
    let key = token;
    for (let i = 2; found.has(key); i++) key = `${token} ${i}`;
    found.set(key, layer);
  }
  return found;
}

function change(
  path: string,
  name: string,
  before: unknown,
  after: unknown,
  hiding: Hiding,
): FieldChange {
  if (before === undefined) return { kind: "added", path, after: hiding.show(name, after) };
  if (after === undefined) return { kind: "removed", path, before: hiding.show(name, before) };
  return {
    kind: "changed",
    path,
    before: hiding.show(name, before),
    after: hiding.show(name, after),
  };
}

/** An object to go down into: a reference to a secret is one value. */
function isPlain(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !isSecretReference(value)
  );
}
