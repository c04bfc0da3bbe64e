import { isLailaError, LailaError } from "@laila/schema";

/** How many errors one MULTIPLE lists that was collected over time; beyond it they are counted. */
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
  for (const error of errors) flatten(error, unique);
  if (unique.size === 0 && uncounted === 0) return undefined;
  if (unique.size === 1 && uncounted === 0) return { error: [...unique][0] };
  const total = unique.size + uncounted;
  const shown = [...unique].slice(0, 3).map(messageOf);
  const more = total > shown.length ? ` … and ${total - shown.length} more, in its errors` : "";
  return {
    error: new LailaError("MULTIPLE", `${what}: ${total} failures. ${shown.join(" | ")}${more}`, {
      errors: [...unique],
      details: { failures: total },
    }),
  };
}

function flatten(error: unknown, into: Set<unknown>): void {
  if (isLailaError(error, "MULTIPLE") && error.errors) {
    for (const inner of error.errors) flatten(inner, into);
  } else into.add(error);
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > 300 ? `${message.slice(0, 300)}…` : message;
}
