import type { IncomingMessage } from "node:http";
import { S3Error } from "./errors.js";

/** A request taken apart: raw target, bucket and key, query and headers. Nothing is verified yet. */
export interface S3Request {
  readonly method: string;
  /** The path as sent: percent-encoded, without the query. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** The path's bytes decoded once, as the signature sees it. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** As sent, by lower-case name; repeated headers joined with a comma. */
  readonly sentHeaders: Readonly<Record<string, string>>;
  /** `sentHeaders`, and those that a presigned URL carries in its query. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** The body as it comes, framing and all. The connection stays open when nobody reads on. */
  readonly body: AsyncIterable<Uint8Array>;
}

export function parseRequest(incoming: IncomingMessage): S3Request {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const rawQuery = mark < 0 ? "" : target.slice(mark + 1);
  if (!rawPath.startsWith("/")) throw invalidUri();
  const path = decode(rawPath);
  const slash = path.indexOf("/", 1);
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const key = slash < 0 ? "" : path.slice(slash + 1);
  if (Buffer.byteLength(key) > 1024) {
    throw new S3Error("KeyTooLongError", "Your key is too long: a key has at most 1024 bytes.");
  }
  const query = rawQuery.split("&").filter(Boolean).map(parsePair);
  const sentHeaders = headersOf(incoming);
  return {
    method: incoming.method ?? "GET",
    rawPath,
    rawQuery,
    path,
    query,
    sentHeaders,
    headers: withHoisted(sentHeaders, query),
    bucket: bucket === "" ? undefined : bucket,
    key: key === "" ? undefined : key,
    body: {
      // An error found while reading is answered on this very connection.
      [Symbol.asyncIterator]: () =>
        incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>,
    },
  };
}

/** The first value of a query parameter; the empty string for one without a value. */
export const queryValue = (request: S3Request, name: string): string | undefined =>
  request.query.find(([n]) => n === name)?.[1];

export const hasQuery = (request: S3Request, name: string): boolean =>
  request.query.some(([n]) => n === name);

/** A query parameter that is a whole number between 0 and `max`. */
export function queryNumber(
  request: S3Request,
  name: string,
  fallback: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = queryValue(request, name);
  if (value === undefined || value === "") return fallback;
  if (!/^\d{1,10}$/.test(value)) {
    throw new S3Error("InvalidArgument", `Argument ${name} must be a whole number.`);
  }
  return Math.min(Number(value), max);
}

/** RFC 3986 encoding as SigV4 wants it: everything but the unreserved characters. */
export const encodeUri = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function parsePair(pair: string): readonly [string, string] {
  const equals = pair.indexOf("=");
  const decodePlus = (text: string) => decode(text.replaceAll("+", " "));
  return equals < 0
    ? [decodePlus(pair), ""]
    : [decodePlus(pair.slice(0, equals)), decodePlus(pair.slice(equals + 1))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUri();
  }
}

const invalidUri = () =>
  new S3Error("InvalidURI", "Couldn't parse the specified URI: it is not percent-encoded UTF-8.");

/**
 * A presigned URL carries x-amz- headers in its query, where they mean the same. Checksums are left
 * out: the SDK puts the CRC32 of an empty body into every URL for a PUT.
 */
function withHoisted(
  sent: Record<string, string>,
  query: readonly (readonly [string, string])[],
): Record<string, string> {
  if (!query.some(([name]) => name === "X-Amz-Algorithm")) return sent;
  const headers: Record<string, string> = Object.assign(Object.create(null), sent);
  for (const [name, value] of query) {
    const lower = name.toLowerCase();
    if (/^x-amz-(?!checksum-|sdk-)/.test(lower)) headers[lower] ??= value;
  }
  return headers;
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  // No prototype: a header may have any name.
  const headers: Record<string, string> = Object.create(null);
  const raw = incoming.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const value = raw[i + 1] ?? "";
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
}
