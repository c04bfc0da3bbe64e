import { LailaError } from "../errors.js";

/** What a step of a path leads into. */
export type PathStep = "property" | "index" | "map" | "set" | "class";

const plainName = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const shownSteps = 40;

/**
 * One step into a value, as a path shows it: `.layers`, `[3]`, `["odd name"]`, `.get("key")` and
 * `{key 0}` in a Map (whose parts are keys and values in turn), `{item 2}` in a Set.
 */
export function step(
  key: string | number,
  kind: PathStep = "property",
  parts: readonly unknown[] = [],
): string {
  if (typeof key === "string") return plainName.test(key) ? `.${key}` : `[${cut(key)}]`;
  switch (kind) {
    case "map":
      return mapStep(key, parts);
    case "set":
      return `{item ${key}}`;
    case "class":
      return "{encoded}";
    default:
      return `[${key}]`;
  }
}

function mapStep(part: number, parts: readonly unknown[]): string {
  if (part % 2 === 0) return `{key ${part / 2}}`;
  const key = parts[part - 1];
  return typeof key === "string" ? `.get(${cut(key)})` : `{value ${(part - 1) / 2}}`;
}

function cut(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
}

/** The error for what cannot be stored exactly, with the path of the culprit: `data.layers[3].fn`. */
export function unsupportedType(
  steps: readonly string[],
  last: string,
  why: string,
  cause?: unknown,
): LailaError {
  const middle = steps.length > shownSteps ? [...steps.slice(0, shownSteps), "…"] : steps;
  const path = `data${middle.join("")}${last}`;
  return new LailaError("UNSUPPORTED_TYPE", `${path} ${why}`, {
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
