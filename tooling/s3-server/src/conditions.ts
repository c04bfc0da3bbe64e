import { noSuchKey, notImplemented, preconditionFailed, S3Error } from "./errors.js";
import type { ObjectVersion } from "./object-file.js";
import type { S3Request } from "./request.js";

/** Looks at what a key holds at the moment of commit, and throws if that must not be replaced. */
export type Precondition = (current: ObjectVersion | undefined) => void;

export const unconditionally: Precondition = () => undefined;

const sameTag = (left: string, right: string): boolean =>
  left.replace(/^W\/|"/g, "") === right.replace(/^W\/|"/g, "");

const matches = (header: string, etag: string): boolean =>
  header.split(",").some((tag) => tag.trim() === "*" || sameTag(tag.trim(), etag));

/** `If-None-Match: *` and `If-Match` of a write, as "Conditional requests" of the guide has them. */
export function writeCondition(request: S3Request): Precondition {
  const ifMatch = request.headers["if-match"];
  const ifNoneMatch = request.headers["if-none-match"];
  if (ifNoneMatch !== undefined && (ifNoneMatch !== "*" || ifMatch !== undefined)) {
    throw notImplemented("If-None-Match with anything but * on a write");
  }
  return (current) => {
    if (ifNoneMatch !== undefined && current !== undefined) {
      throw preconditionFailed("If-None-Match");
    }
    if (ifMatch === undefined) return;
    if (current === undefined) throw noSuchKey(request.key ?? "");
    if (!matches(ifMatch, current.etag)) throw preconditionFailed("If-Match");
  };
}

/** `If-Match` of a delete: what is not there matches nothing. */
export function deleteCondition(ifMatch: string | undefined): Precondition {
  return (current) => {
    if (ifMatch === undefined) return;
    if (current === undefined || !matches(ifMatch, current.etag)) {
      throw preconditionFailed("If-Match");
    }
  };
}

/** The conditions of a read, in the precedence of RFC 9110, section 13.2.2. */
export function checkReadConditions(
  headers: Readonly<Record<string, string>>,
  object: ObjectVersion,
  prefix = "",
): void {
  const modified = Math.floor(object.lastModified / 1000) * 1000;
  const time = (name: string) => Date.parse(headers[prefix + name] ?? "");
  const ifMatch = headers[`${prefix}if-match`];
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else if (modified > time("if-unmodified-since")) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  const ifNoneMatch = headers[`${prefix}if-none-match`];
  const unchanged =
    ifNoneMatch === undefined
      ? modified <= time("if-modified-since")
      : matches(ifNoneMatch, object.etag);
  if (!unchanged) return;
  // A copy has no 304: its source's conditions fail as preconditions.
  if (prefix !== "")
    throw preconditionFailed(ifNoneMatch === undefined ? "If-Modified-Since" : "If-None-Match");
  throw new S3Error("NotModified", "Not Modified", { headers: { etag: object.etag } });
}
