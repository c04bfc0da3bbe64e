import { isLailaError, LailaError } from "@laila/schema";

/** How many errors a MULTIPLE lists; those beyond are in its number only (`details.failures`). */
export const listedErrors = 100;

/**
 * One error for several: undefined for none, the error itself for one, else MULTIPLE. The same error
 * object counts once, and the errors of a MULTIPLE count by themselves. `uncounted` are failures that
 * are known by number only.
 */
export function combine(
  errors: Iterable<unknown>,
  what: string,
  uncounted = 0,
): { readonly error: unknown } | undefined {
  const unique = new Set<unknown>();
  let unlisted = uncounted;
  for (const error of errors) unlisted += flatten(error, unique);
  if (unique.size === 0 && unlisted === 0) return undefined;
  const listed = [...unique].slice(0, listedErrors);
  if (unique.size === 1 && unlisted === 0) return { error: listed[0] };
  const failures = unique.size + unlisted;
  const shown = listed.slice(0, 3).map(messageOf);
  const more = failures > shown.length ? ` … and ${failures - shown.length} more` : "";
  return {
    error: new LailaError(
      "MULTIPLE",
      `${what}: ${failures} failures. ${shown.join(" | ")}${more}`,
      {
        errors: listed,
        details: { failures },
      },
    ),
  };
}

/** Gives how many failures the error knows by number only. */
function flatten(error: unknown, into: Set<unknown>): number {
  if (!isLailaError(error, "MULTIPLE") || !error.errors) {
    into.add(error);
    return 0;
  }
  const { failures } = error.details;
  let unlisted = typeof failures === "number" ? Math.max(0, failures - error.errors.length) : 0;
  for (const inner of error.errors) unlisted += flatten(inner, into);
  return unlisted;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > 300 ? `${message.slice(0, 300)}…` : message;
}
