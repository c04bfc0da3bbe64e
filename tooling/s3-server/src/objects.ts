import { createHash } from "node:crypto";
import type { RequestBody } from "./body.js";
import { readDocument } from "./body.js";
import {
  type Algorithm,
  type Checksum,
  checksumElements,
  checksumHeaders,
  createDigest,
  parseAlgorithm,
} from "./checksums.js";
import { checkReadConditions, deleteCondition, writeCondition } from "./conditions.js";
import { notImplemented, S3Error } from "./errors.js";
import type { ObjectVersion, StagedFile } from "./object-file.js";
import { describedHeaders, takeHeaders, takeMetadata } from "./object-headers.js";
import { type Reply, streamSlice, xmlReply } from "./reply.js";
import { queryValue, type S3Request } from "./request.js";
import type { Storage } from "./storage.js";
import { child, childText, malformed, parseXml } from "./xml.js";

/** A request for one object, its names already known to be there. */
export interface ObjectTarget {
  readonly storage: Storage;
  readonly request: S3Request;
  readonly bucket: string;
  readonly key: string;
}

const versionHeader = (target: ObjectTarget, versionId: string): Record<string, string> =>
  target.storage.bucket(target.bucket).versioning === undefined
    ? {}
    : { "x-amz-version-id": versionId };

/** Stages bytes, hands them to `commit`, and leaves nothing behind if either fails. */
export async function staging<T>(
  storage: Storage,
  source: AsyncIterable<Uint8Array>,
  commit: (staged: StagedFile) => Promise<T>,
): Promise<T> {
  const staged = storage.stage();
  try {
    for await (const chunk of source) await staged.write(chunk);
    return await commit(staged);
  } finally {
    await staged.discard();
  }
}

export async function putObject(target: ObjectTarget, body: RequestBody): Promise<Reply> {
  const { storage, request, bucket, key } = target;
  storage.bucket(bucket);
  refuseUnknownFeatures(request);
  body.requireLength();
  const condition = writeCondition(request);
  const headers = takeHeaders(request.headers);
  const metadata = takeMetadata(request.headers);
  const version = await staging(storage, body, (staged) => {
    const { size, md5, checksum } = body.digest;
    const draft = { size, etag: `"${md5}"`, headers, metadata, ...(checksum ? { checksum } : {}) };
    return storage.commit(bucket, key, staged, draft, condition);
  });
  return {
    status: 200,
    headers: {
      etag: version.etag,
      ...checksumHeaders(version.checksum),
      ...versionHeader(target, version.versionId),
    },
  };
}

export async function getObject(target: ObjectTarget): Promise<Reply> {
  const { storage, request, bucket, key } = target;
  refuseParts(request);
  const { version, handle } = await storage.open(
    bucket,
    key,
    queryValue(request, "versionId"),
    (found) => {
      checkReadConditions(request.headers, found);
      rangeOf(request, found.size);
    },
  );
  const range = rangeOf(request, version.size);
  return {
    status: range === undefined ? 200 : 206,
    headers: objectHeaders(target, version, range),
    body: { handle, start: range?.start ?? 0, length: range?.length ?? version.size },
  };
}

export function headObject(target: ObjectTarget): Reply {
  const { storage, request, bucket, key } = target;
  refuseParts(request);
  const version = storage.find(bucket, key, queryValue(request, "versionId"));
  checkReadConditions(request.headers, version);
  const range = rangeOf(request, version.size);
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...objectHeaders(target, version, range),
      "content-length": String(range?.length ?? version.size),
    },
  };
}

const objectHeaders = (
  target: ObjectTarget,
  version: ObjectVersion,
  range: Range | undefined,
): Record<string, string> => ({
  ...describedHeaders(target.request, version),
  ...versionHeader(target, version.versionId),
  ...(range === undefined
    ? {}
    : {
        "content-range": `bytes ${range.start}-${range.start + range.length - 1}/${version.size}`,
      }),
  // The checksum is of the whole object: with a part of it, a client would compare in vain.
  ...(range === undefined &&
  target.request.headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED"
    ? checksumHeaders(version.checksum)
    : {}),
});

interface Range {
  readonly start: number;
  readonly length: number;
}

/** One range, as RFC 9110 has it; what is not well-formed or has several is ignored. */
function rangeOf(request: S3Request, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range?.trim() ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  if (start >= size || end < start) {
    throw new S3Error("InvalidRange", "The requested range is not satisfiable.", {
      details: { RangeRequested: request.headers.range ?? "", ActualObjectSize: String(size) },
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, length: end - start + 1 };
}

export async function deleteObject(target: ObjectTarget): Promise<Reply> {
  const { storage, request, bucket, key } = target;
  const condition = deleteCondition(request.headers["if-match"]);
  const removal = await storage.remove(bucket, key, queryValue(request, "versionId"), condition);
  return {
    status: 204,
    headers: {
      ...(removal.versionId === undefined ? {} : { "x-amz-version-id": removal.versionId }),
      ...(removal.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
    },
  };
}

/** DeleteObjects: up to 1,000 keys, each with an outcome of its own. */
export async function deleteObjects(
  storage: Storage,
  bucket: string,
  body: RequestBody,
): Promise<Reply> {
  storage.bucket(bucket);
  if (!body.checked) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: Content-MD5.");
  }
  const root = parseXml(await readDocument(body));
  const objects = root.children.filter(({ name }) => name === "Object");
  if (root.name !== "Delete" || objects.length === 0 || objects.length > 1000) throw malformed();
  const quiet = childText(root, "Quiet") === "true";
  const outcomes = await Promise.all(
    objects.map(async (object) => {
      const key = childText(object, "Key");
      const versionId = childText(object, "VersionId");
      if (key === undefined || key === "") throw malformed();
      try {
        if (child(object, "LastModifiedTime") ?? child(object, "Size")) {
          throw notImplemented("deletes on condition of a time or a size");
        }
        const condition = deleteCondition(childText(object, "ETag"));
        const removal = await storage.remove(bucket, key, versionId, condition);
        const marker = removal.deleteMarker ? removal.versionId : undefined;
        return {
          Deleted: {
            Key: key,
            VersionId: versionId,
            DeleteMarker: removal.deleteMarker || undefined,
            DeleteMarkerVersionId: marker,
          },
        };
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        const { code, message } = error;
        return { Error: { Key: key, VersionId: versionId, Code: code, Message: message } };
      }
    }),
  );
  return xmlReply("DeleteResult", {
    Deleted: quiet ? undefined : outcomes.map(({ Deleted }) => Deleted),
    Error: outcomes.map(({ Error: error }) => error),
  });
}

/** MD5 and, if wanted, a checksum of bytes that come from this server's own files. */
export class ContentDigest {
  readonly #md5 = createHash("md5");
  readonly #algorithm: Algorithm | undefined;
  readonly #own: ReturnType<typeof createDigest> | undefined;
  size = 0;

  constructor(algorithm: Algorithm | undefined) {
    this.#algorithm = algorithm;
    this.#own = algorithm === undefined ? undefined : createDigest(algorithm);
  }

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.size += chunk.length;
      this.#md5.update(chunk);
      this.#own?.update(chunk);
      yield chunk;
    }
  }

  finish(): { etag: string; checksum?: Checksum } {
    const etag = `"${this.#md5.digest("hex")}"`;
    if (this.#algorithm === undefined || this.#own === undefined) return { etag };
    const value = this.#own.digest();
    return { etag, checksum: { algorithm: this.#algorithm, value, type: "FULL_OBJECT" } };
  }
}

/** Opens what x-amz-copy-source names, its conditions checked. The caller closes the handle. */
export async function openCopySource({ storage, request }: ObjectTarget) {
  const header = request.headers["x-amz-copy-source"] ?? "";
  const [path = "", versionId] = header.split("?versionId=");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path.replace(/^\//, ""));
  } catch {
    throw new S3Error("InvalidArgument", "Invalid copy source encoding.");
  }
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) {
    throw new S3Error("InvalidArgument", "Invalid copy source object key.");
  }
  const bucket = decoded.slice(0, slash);
  const key = decoded.slice(slash + 1);
  const opened = await storage.open(bucket, key, versionId, (found) =>
    checkReadConditions(request.headers, found, "x-amz-copy-source-"),
  );
  return { ...opened, bucket, key };
}

export async function copyObject(target: ObjectTarget): Promise<Reply> {
  const { storage, request, bucket, key } = target;
  storage.bucket(bucket);
  refuseUnknownFeatures(request);
  const replace = directive(request) === "REPLACE";
  const condition = writeCondition(request);
  const source = await openCopySource(target);
  try {
    if (!replace && source.bucket === bucket && source.key === key) {
      throw new S3Error(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
      );
    }
    const wanted = request.headers["x-amz-checksum-algorithm"];
    const digest = new ContentDigest(
      wanted === undefined ? source.version.checksum?.algorithm : parseAlgorithm(wanted),
    );
    const slice = { handle: source.handle, start: 0, length: source.version.size };
    const version = await staging(storage, digest.through(streamSlice(slice)), (staged) => {
      const { headers, metadata } = replace
        ? { headers: takeHeaders(request.headers), metadata: takeMetadata(request.headers) }
        : source.version;
      const draft = { size: digest.size, headers, metadata, ...digest.finish() };
      return storage.commit(bucket, key, staged, draft, condition);
    });
    return xmlReply(
      "CopyObjectResult",
      {
        ETag: version.etag,
        LastModified: new Date(version.lastModified).toISOString(),
        ...checksumElements(version.checksum),
      },
      versionHeader(target, version.versionId),
    );
  } finally {
    await source.handle.close();
  }
}

function directive(request: S3Request): "COPY" | "REPLACE" {
  const value = request.headers["x-amz-metadata-directive"] ?? "COPY";
  if (value === "COPY" || value === "REPLACE") return value;
  throw new S3Error("InvalidArgument", "Unknown metadata directive.");
}

/** Features that change what a write means are refused; ignoring them would be a lie. */
export function refuseUnknownFeatures(request: S3Request): void {
  const unknown = Object.keys(request.headers).find((name) =>
    /^x-amz-(object-lock|tagging|write-offset|server-side-encryption|grant|website-redirect)/.test(
      name,
    ),
  );
  if (unknown !== undefined) throw notImplemented(`the header ${unknown}`);
}

function refuseParts(request: S3Request): void {
  if (queryValue(request, "partNumber") !== undefined) throw notImplemented("reading single parts");
}
