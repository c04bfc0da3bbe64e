import { S3Error } from "./errors.js";
import { compareUtf8 } from "./key-index.js";
import type { ObjectVersion } from "./object-file.js";
import { type Reply, xmlReply } from "./reply.js";
import { encodeUri, hasQuery, queryNumber, queryValue, type S3Request } from "./request.js";
import type { Bucket } from "./storage.js";

const owner = { ID: "laila", DisplayName: "laila" };

interface Page {
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  /** Where the next page goes on, if there is one. */
  readonly next: Position | undefined;
}

/** Behind this key, or behind all keys that start with this common prefix. */
interface Position {
  readonly kind: "key" | "prefix";
  readonly value: string;
}

/** Walks the keys with a prefix, rolling those that share a delimiter up into common prefixes. */
function walk(
  bucket: Bucket,
  prefix: string,
  delimiter: string,
  after: Position | undefined,
  max: number,
): Page {
  const { keys } = bucket;
  let at = keys.firstNotBefore(prefix);
  if (after?.kind === "key") at = Math.max(at, keys.firstAfter(after.value));
  if (after?.kind === "prefix") at = Math.max(at, keys.firstAfterPrefix(after.value));
  const found: string[] = [];
  const prefixes: string[] = [];
  let last: Position | undefined;
  for (;;) {
    const key = keys.at(at);
    if (key === undefined || !key.startsWith(prefix) || max === 0) {
      return { keys: found, prefixes, next: undefined };
    }
    if (found.length + prefixes.length === max) return { keys: found, prefixes, next: last };
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      found.push(key);
      last = { kind: "key", value: key };
      at += 1;
    } else {
      const common = key.slice(0, end + delimiter.length);
      prefixes.push(common);
      last = { kind: "prefix", value: common };
      at = keys.firstAfterPrefix(common);
    }
  }
}

const toToken = (position: Position): string =>
  Buffer.from(JSON.stringify([position.kind, position.value])).toString("base64url");

function fromToken(token: string): Position {
  try {
    const [kind, value]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    if ((kind === "key" || kind === "prefix") && typeof value === "string") return { kind, value };
  } catch {
    // Not JSON: refused below like every other token that is not ours.
  }
  throw new S3Error("InvalidArgument", "The continuation token provided is incorrect.");
}

function encoder(request: S3Request): (text: string) => string {
  const encoding = queryValue(request, "encoding-type");
  if (encoding === undefined || encoding === "") return (text) => text;
  if (encoding !== "url") {
    throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request.");
  }
  return (text) => encodeUri(text).replaceAll("%2F", "/");
}

export function listObjectsV2(request: S3Request, bucket: Bucket): Reply {
  const prefix = queryValue(request, "prefix") ?? "";
  const delimiter = queryValue(request, "delimiter") ?? "";
  const token = queryValue(request, "continuation-token");
  const startAfter = queryValue(request, "start-after");
  const max = queryNumber(request, "max-keys", 1000, 1000);
  const encode = encoder(request);
  if (token === "") fromToken(token);
  const after: Position | undefined =
    token !== undefined
      ? fromToken(token)
      : startAfter
        ? { kind: "key", value: startAfter }
        : undefined;
  const page = walk(bucket, prefix, delimiter, after, max);
  const withOwner = queryValue(request, "fetch-owner") === "true";
  return xmlReply("ListBucketResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    EncodingType: hasQuery(request, "encoding-type") ? "url" : undefined,
    KeyCount: page.keys.length + page.prefixes.length,
    MaxKeys: max,
    IsTruncated: page.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : toToken(page.next),
    Contents: page.keys.map((key) => {
      const object = bucket.versions.get(key)?.[0];
      return object === undefined
        ? undefined
        : { ...contents(object, encode), Owner: withOwner ? owner : undefined };
    }),
    CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encode(common) })),
  });
}

const contents = (object: ObjectVersion, encode: (text: string) => string) => ({
  Key: encode(object.key),
  LastModified: new Date(object.lastModified).toISOString(),
  ETag: object.etag,
  ChecksumAlgorithm: object.checksum?.algorithm,
  ChecksumType: object.checksum?.type,
  Size: object.size,
  StorageClass: "STANDARD",
});

/** ListObjectVersions; pages end between keys and versions alike, without a delimiter. */
export function listVersions(request: S3Request, bucket: Bucket): Reply {
  const prefix = queryValue(request, "prefix") ?? "";
  const keyMarker = queryValue(request, "key-marker") ?? "";
  const versionMarker = queryValue(request, "version-id-marker") ?? "";
  const max = queryNumber(request, "max-keys", 1000, 1000);
  const encode = encoder(request);
  if (queryValue(request, "delimiter")) {
    throw new S3Error("NotImplemented", "This server lists versions without a delimiter only.");
  }
  const all = [...bucket.versions.keys()]
    .filter((key) => key.startsWith(prefix) && compareUtf8(key, keyMarker) >= 0)
    .sort(compareUtf8)
    .flatMap((key) => {
      const versions = bucket.versions.get(key) ?? [];
      const rows = versions.map((version, index) => ({ version, latest: index === 0 }));
      if (key !== keyMarker) return rows;
      const marked = rows.findIndex(({ version }) => version.versionId === versionMarker);
      return marked < 0 ? [] : rows.slice(marked + 1);
    });
  const page = all.slice(0, max);
  const last = all.length > max ? page.at(-1)?.version : undefined;
  const row = ({ version, latest }: (typeof all)[number]) => ({
    ...(version.deleteMarker
      ? { Key: encode(version.key), LastModified: new Date(version.lastModified).toISOString() }
      : contents(version, encode)),
    VersionId: version.versionId,
    IsLatest: latest,
    Owner: owner,
  });
  return xmlReply("ListVersionsResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker,
    EncodingType: hasQuery(request, "encoding-type") ? "url" : undefined,
    MaxKeys: max,
    IsTruncated: last !== undefined,
    NextKeyMarker: last === undefined ? undefined : encode(last.key),
    NextVersionIdMarker: last?.versionId,
    Version: page.filter(({ version }) => !version.deleteMarker).map(row),
    DeleteMarker: page.filter(({ version }) => version.deleteMarker).map(row),
  });
}

export const listBuckets = (buckets: readonly Bucket[]): Reply =>
  xmlReply("ListAllMyBucketsResult", {
    Owner: owner,
    Buckets: {
      Bucket: buckets.map((bucket) => ({
        Name: bucket.name,
        CreationDate: new Date(bucket.created).toISOString(),
      })),
    },
  });
