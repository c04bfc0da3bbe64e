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
}

/**
 * What happens to a request:
 * - "reset": the connection is reset and nothing is done
 * - "reset-after-commit": everything is done, then the connection is reset instead of an answer
 * - `{ status, code }`: this error is the answer, and nothing is done
 * - `{ delayMs }`: the request waits this many milliseconds, then goes its way
 */
export type Fault =
  | "reset"
  | "reset-after-commit"
  | { readonly status: number; readonly code: string }
  | { readonly delayMs: number };

/** Decides the fault of each request; undefined lets it pass. */
export type FaultHook = (request: FaultRequest) => Fault | undefined;
