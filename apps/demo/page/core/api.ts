import type { Failure } from "../../src/api.js";

/** What the server refused, or that it could not be reached (`UNREACHABLE`). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: Failure["code"] | "UNREACHABLE";

  constructor(
    { code, message }: { code: ApiError["code"]; message: string },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON, unless it is bytes. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Any request of the API; throws {@link ApiError}. `path` begins behind `/api/`. */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = options.body === undefined ? "GET" : "POST", body, signal } = options;
  const isBytes = body instanceof Uint8Array || body instanceof Blob;
  return answered(`./api/${path}`, {
    method,
    ...(body === undefined ? {} : { body: (isBytes ? body : JSON.stringify(body)) as BodyInit }),
    headers: { "content-type": isBytes ? "application/octet-stream" : "application/json" },
    ...(signal ? { signal } : {}),
  });
}

/** `fetch` of a whole address, which a worker needs; what is no good answer throws {@link ApiError}. */
export async function answered(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const message = "The demo does not answer. Is it still running in the terminal?";
    throw new ApiError({ code: "UNREACHABLE", message }, { cause: error });
  }
  if (response.ok) return response;
  throw new ApiError(await failureOf(response));
}

/** A JSON answer. */
export async function ask<T>(path: string, options?: RequestOptions): Promise<T> {
  const response = await request(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** An answer that grows: one JSON value a line. A last line that tells of a failure is thrown. */
export async function* lines<T>(path: string, options?: RequestOptions): AsyncGenerator<T> {
  const { body } = await request(path, options);
  if (!body) return;
  let rest = "";
  for await (const text of body.pipeThrough(
    new TextDecoderStream() as never,
  ) as never as AsyncIterable<string>) {
    const complete = (rest + text).split("\n");
    rest = complete.pop() ?? "";
    for (const line of complete) if (line !== "") yield lineOf<T>(line);
  }
  if (rest !== "") yield lineOf<T>(rest);
}

/** The path of a pool, an entry …: every part URL-encoded. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

function lineOf<T>(text: string): T {
  const line = JSON.parse(text) as T;
  const failure =
    typeof line === "object" && line !== null && !Array.isArray(line)
      ? (line as { failure?: Failure }).failure
      : undefined;
  // A step that failed has other members, and is the caller's to show.
  if (failure && Object.keys(line as object).length === 1) throw new ApiError(failure);
  return line;
}

async function failureOf(response: Response): Promise<Failure> {
  try {
    const { code, message } = (await response.json()) as Failure;
    if (typeof code === "string" && typeof message === "string") return { code, message };
  } catch {
    // Not JSON: no answer of ours.
  }
  return { code: "FAILED", message: `The demo answered ${response.status}.` };
}
