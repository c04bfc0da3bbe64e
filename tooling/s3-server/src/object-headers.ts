import { S3Error } from "./errors.js";
import type { ObjectVersion } from "./object-file.js";
import { queryValue, type S3Request } from "./request.js";

const kept = [
  "content-type",
  "content-encoding",
  "content-disposition",
  "content-language",
  "cache-control",
  "expires",
] as const;

const metadataPrefix = "x-amz-meta-";
const maxMetadataBytes = 2048;

/** The headers of a write that are given back on every read. */
export function takeHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const name of kept) {
    const value = headers[name];
    if (value !== undefined) taken[name] = value;
  }
  // aws-chunked is the framing of the upload, not an encoding of the object.
  const encoding = (taken["content-encoding"] ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part !== "aws-chunked");
  delete taken["content-encoding"];
  if (encoding.length > 0) taken["content-encoding"] = encoding.join(",");
  return taken;
}

/** User metadata: x-amz-meta-NAME, at most 2 KiB in all. */
export function takeMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names = Object.keys(headers).filter((name) => name.startsWith(metadataPrefix));
  const entries = names.map((name) => [name.slice(metadataPrefix.length), headers[name] ?? ""]);
  if (Buffer.byteLength(entries.flat().join("")) > maxMetadataBytes) {
    throw new S3Error(
      "MetadataTooLarge",
      "Your metadata headers exceed the maximum allowed metadata size.",
    );
  }
  return Object.fromEntries(entries);
}

/** The headers that describe an object on GET and HEAD, with the overrides of `response-…`. */
export function describedHeaders(
  request: S3Request,
  object: ObjectVersion,
): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "binary/octet-stream",
    ...object.headers,
    etag: object.etag,
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
  };
  for (const [name, value] of Object.entries(object.metadata)) {
    headers[metadataPrefix + name] = value;
  }
  for (const name of kept) {
    const override = queryValue(request, `response-${name}`);
    if (override !== undefined) headers[name] = override;
  }
  return headers;
}
