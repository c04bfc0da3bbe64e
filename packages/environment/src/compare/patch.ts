import { isDeepStrictEqual } from "node:util";
import { checkOptions, type EnvironmentDocument, parseEnvironmentDocument } from "@laila/schema";
import { type HiddenOptions, Hiding } from "./hidden.js";

/** One operation of a JSON Patch (RFC 6902); `path` is a JSON Pointer (RFC 6901). */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * The JSON Patch (RFC 6902) that turns the document `a` into `b`, member by member; empty for equal ones.
 * It is exact, so it is refused where it would carry a secret: INVALID_DOCUMENT with the path, and for
 * what is no environment document.
 */
export function environmentPatch(
  a: EnvironmentDocument,
  b: EnvironmentDocument,
  options: HiddenOptions = {},
): PatchOperation[] {
  checkOptions("environmentPatch", options, ["args"]);
  const [from, to] = [parseEnvironmentDocument(a), parseEnvironmentDocument(b)];
  new Hiding(options).refuse(to);
  return [...patch(from, to, "")];
}

type Json = Readonly<Record<string, unknown>>;

function* patch(a: unknown, b: unknown, path: string): Generator<PatchOperation> {
  if (isDeepStrictEqual(a, b)) return;
  if (isObject(a) && isObject(b)) yield* patchObject(a, b, path);
  else if (Array.isArray(a) && Array.isArray(b)) yield* patchList(a, b, path);
  else yield { op: "replace", path, value: b };
}

function* patchObject(a: Json, b: Json, path: string): Generator<PatchOperation> {
  for (const name of Object.keys(a))
    if (!Object.hasOwn(b, name)) yield { op: "remove", path: at(path, name) };
  for (const [name, value] of Object.entries(b)) {
    if (Object.hasOwn(a, name)) yield* patch(a[name], value, at(path, name));
    else yield { op: "add", path: at(path, name), value };
  }
}

/** What is the same at both ends stays; in between, place by place, then the rest. */
function* patchList(
  a: readonly unknown[],
  b: readonly unknown[],
  path: string,
): Generator<PatchOperation> {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(a[start], b[start])) start++;
  let end = 0;
  while (end < shorter - start && isDeepStrictEqual(a.at(-1 - end), b.at(-1 - end))) end++;
  const [aEnd, bEnd] = [a.length - end, b.length - end];
  for (let i = start; i < Math.min(aEnd, bEnd); i++) yield* patch(a[i], b[i], at(path, i));
  // From the back, so that the places before stay where they are.
  for (let i = aEnd - 1; i >= bEnd; i--) yield { op: "remove", path: at(path, i) };
  for (let i = aEnd; i < bEnd; i++) yield { op: "add", path: at(path, i), value: b[i] };
}

function at(path: string, name: string | number): string {
  return `${path}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
