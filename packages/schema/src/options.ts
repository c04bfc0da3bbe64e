import { LailaError } from "./errors.js";
import { nearMatches } from "./near.js";

/**
 * Checks the names of an options object, which nothing else does in JavaScript: a mistyped one would be
 * as if it had not been given. INVALID_ARGUMENT with the name that was meant, never with a value.
 */
export function checkOptions(call: string, given: unknown, names: readonly string[]): void {
  const prototype: unknown =
    typeof given === "object" && given !== null ? Object.getPrototypeOf(given) : undefined;
  // Of any realm: what has its own prototype's methods is an instance of something, and no options.
  if (prototype === undefined || Array.isArray(given) || isInstance(prototype)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The options of ${call} must be a plain object. Its options are ${names.join(", ")}.`,
    );
  }
  for (const name of Object.keys(given as object)) {
    if (!names.includes(name)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${call} has no option ${JSON.stringify(name.slice(0, 100))}.${didYouMean(name, names)} Its options are ${names.join(", ")}.`,
      );
    }
  }
}

/** ` Did you mean x or y?`, or nothing. */
function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearMatches(name, known);
  return near.length === 0 ? "" : ` Did you mean ${near.join(" or ")}?`;
}

function isInstance(prototype: unknown): boolean {
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}
