/** What a fault hook gets to see of a request, before its signature is looked at. */
export interface FaultRequest {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** The operation's name in the S3 API, such as "PutObject". */
  readonly operation: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of an UploadPart. */
  readonly partNumber: string | undefined;
}

/**
 * What happens to a request. The names of {@link FaultName} do this:
 * - "reset": the connection is reset and nothing is done; the request's body is not read
 * - "reset-in-request": the connection is reset when half of the request's body has come; nothing is done.
 *   Without a body, the same as "reset"
 * - "reset-after-commit": everything is done, then the connection is reset instead of an answer
 * - "reset-in-reply": everything is done, then the connection is reset in the middle of the reply's body.
 *   Without a body, the same as "reset-after-commit"
 * - "truncate": the connection ends in good order in the middle of the reply's body, before its Content-Length
 * - "shorten": the reply has half its body and a Content-Length that fits, as from a cache that lost the rest
 * - "flip": one bit of the reply's body is another one
 * - "flip-request": one bit of the request's body is another one when it comes
 *
 * and the objects this:
 * - `{ status, code }`: this error is the answer, and nothing is done
 * - `{ delayMs }`: the request waits this many milliseconds, then goes its way
 * - `{ bodyMs }`: the reply's body takes this many milliseconds
 * - `{ clockSkewMs }`: the server's clock (the Date of its reply too) is this far ahead, or behind
 */
export type Fault =
  | FaultName
  | { readonly status: number; readonly code: string }
  | { readonly delayMs: number }
  | { readonly bodyMs: number }
  | { readonly clockSkewMs: number };

export type FaultName =
  | "reset"
  | "reset-in-request"
  | "reset-after-commit"
  | "reset-in-reply"
  | "truncate"
  | "shorten"
  | "flip"
  | "flip-request";

/** Decides the fault of each request; undefined lets it pass. A request waits for a decision that comes later. */
export type FaultHook = (request: FaultRequest) => Fault | undefined | Promise<Fault | undefined>;

/** A fault of some requests. What is left out fits every request. */
export interface FaultRule {
  readonly fault: Fault;
  readonly method?: string;
  readonly operation?: string | readonly string[];
  readonly key?: RegExp;
  /** From 0 to 1, which is the default. */
  readonly probability?: number;
}

/**
 * A hook of rules, of which the first that strikes counts. Whether one strikes follows from the seed and
 * from which request it is: the so-many-th of its operation, path, part and range. So the same requests meet
 * the same faults again in whatever order they come, and a retry has a new chance.
 */
export function faultPlan(
  seed: number,
  rules: readonly FaultRule[],
): (request: FaultRequest) => Fault | undefined {
  const seen = new Map<string, number>();
  return (request) => {
    const { operation, path, partNumber = "", headers } = request;
    const which = `${operation} ${path} ${partNumber} ${headers.range ?? ""}`;
    const nth = (seen.get(which) ?? 0) + 1;
    seen.set(which, nth);
    return rules.find(
      (rule, i) =>
        fits(rule, request) && chance(`${seed} ${i} ${which} ${nth}`) < (rule.probability ?? 1),
    )?.fault;
  };
}

function fits({ method, operation, key }: FaultRule, request: FaultRequest): boolean {
  const operations = typeof operation === "string" ? [operation] : operation;
  return (
    (method === undefined || method === request.method) &&
    (operations === undefined || operations.includes(request.operation)) &&
    (key === undefined || key.test(request.key ?? ""))
  );
}

/** From 0 to 1, the same for the same text: FNV-1a, with the bits mixed once more (MurmurHash3's finalizer). */
function chance(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** As the log has it. */
export const faultName = (fault: Fault): string =>
  typeof fault === "string" ? fault : "code" in fault ? fault.code : (Object.keys(fault)[0] ?? "");
