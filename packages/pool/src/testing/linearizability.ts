/** One call of a concurrent history on one key. Times are places in the order of events, not clocks. */
export interface Call {
  readonly begun: number;
  readonly ended: number;
  readonly act:
    | { readonly do: "write" | "write if absent"; readonly value: number }
    | { readonly do: "write over"; readonly value: number; readonly expected: number | undefined }
    | { readonly do: "delete" }
    | { readonly do: "read"; readonly found: number | undefined }
    | { readonly do: "exists"; readonly found: boolean };
  /** Of a conditional write: done, refused, or (a CONFLICT of unknown outcome) either. */
  readonly outcome: "done" | "refused" | "unknown";
}

/**
 * Whether the calls could have happened one after another, each at some moment between its begin and its
 * end (Wing and Gong's search). Values are unique, so a value is also its version.
 */
export function isLinearizable(calls: readonly Call[]): boolean {
  const known = new Set<string>();
  const search = (left: readonly Call[], value: number | undefined): boolean => {
    if (left.length === 0) return true;
    const here = `${value}|${left.map(({ begun }) => begun).join()}`;
    if (known.has(here)) return false;
    known.add(here);
    const firstEnd = Math.min(...left.map(({ ended }) => ended));
    return left.some(
      (call) =>
        // What ended before this one began comes before it.
        call.begun <= firstEnd &&
        after(call, value).some((next) =>
          search(
            left.filter((other) => other !== call),
            next.value,
          ),
        ),
    );
  };
  return search(calls, undefined);
}

/** What the key may hold after the call, if the call could give what it gave. */
function after(
  { act, outcome }: Call,
  value: number | undefined,
): { readonly value: number | undefined }[] {
  const same = { value };
  switch (act.do) {
    case "read":
      return act.found === value ? [same] : [];
    case "exists":
      return act.found === (value !== undefined) ? [same] : [];
    case "delete":
      return [{ value: undefined }];
    case "write":
      return [{ value: act.value }];
    case "write if absent":
      return written(act.value, value === undefined, outcome, same);
    case "write over":
      return written(act.value, value === act.expected, outcome, same);
  }
}

function written<T>(
  value: number,
  holds: boolean,
  outcome: Call["outcome"],
  same: T,
): ({ readonly value: number } | T)[] {
  if (outcome === "refused") return holds ? [] : [same];
  if (holds) return [{ value }];
  return outcome === "unknown" ? [same] : [];
}
