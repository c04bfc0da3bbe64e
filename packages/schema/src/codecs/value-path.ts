import { LailaError } from "../errors.js";

const plainName = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** One step into a value, as it is written in a path: `.layers`, `[3]`, `["odd name"]`. */
export function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  if (plainName.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key)}]`;
}

/** The error for what cannot be stored exactly, with the path of the culprit. */
export function unsupportedType(path: string, why: string, cause?: unknown): LailaError {
  return new LailaError("UNSUPPORTED_TYPE", `${path} ${why}`, {
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
