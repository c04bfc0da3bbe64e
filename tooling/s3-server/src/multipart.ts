import { createHash, randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { type RequestBody, readDocument } from "./body.js";
import { checksumElements, checksumHeaders, parseAlgorithm } from "./checksums.js";
import { writeCondition } from "./conditions.js";
import { S3Error } from "./errors.js";
import { compareUtf8 } from "./key-index.js";
import { KeyLock } from "./key-lock.js";
import { takeHeaders, takeMetadata } from "./object-headers.js";
import {
  ContentDigest,
  type ObjectTarget,
  openCopySource,
  refuseUnknownFeatures,
  staging,
} from "./objects.js";
import { type Reply, streamSlice, xmlReply } from "./reply.js";
import { queryNumber, queryValue, type S3Request } from "./request.js";
import type { Storage } from "./storage.js";
import {
  checkObject,
  checkParts,
  checksumType,
  composite,
  copyRange,
  noSuchUpload,
  type Part,
  parseParts,
  partNumber,
  type Upload,
} from "./upload-rules.js";

/** Multipart uploads. They live as long as the server does: a restart forgets unfinished ones. */
export class Uploads {
  readonly #storage: Storage;
  readonly #uploads = new Map<string, Upload>();
  readonly #lock = new KeyLock();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  create({ request, bucket, key }: ObjectTarget): Reply {
    this.#storage.bucket(bucket);
    refuseUnknownFeatures(request);
    const wanted = request.headers["x-amz-checksum-algorithm"];
    const algorithm = wanted === undefined ? undefined : parseAlgorithm(wanted);
    const upload: Upload = {
      id: randomBytes(24).toString("hex"),
      bucket,
      key,
      initiated: Date.now(),
      headers: takeHeaders(request.headers),
      metadata: takeMetadata(request.headers),
      algorithm,
      checksumType: checksumType(request, algorithm),
      parts: new Map(),
    };
    this.#uploads.set(upload.id, upload);
    return xmlReply(
      "InitiateMultipartUploadResult",
      { Bucket: bucket, Key: key, UploadId: upload.id },
      algorithm === undefined
        ? {}
        : { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": upload.checksumType },
    );
  }

  async uploadPart(target: ObjectTarget, body: RequestBody): Promise<Reply> {
    const upload = this.#find(target);
    const number = partNumber(target.request);
    body.requireLength();
    const part = await this.#addPart(upload, number, body, () => {
      const { size, md5, checksum } = body.digest;
      if (upload.algorithm !== undefined && checksum?.algorithm !== upload.algorithm) {
        throw new S3Error(
          "InvalidRequest",
          `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${checksum?.algorithm ?? "null"}.`,
        );
      }
      return { size, etag: `"${md5}"`, checksum };
    });
    const shown = checksumHeaders(part.checksum);
    delete shown["x-amz-checksum-type"];
    return { status: 200, headers: { etag: part.etag, ...shown } };
  }

  async uploadPartCopy(target: ObjectTarget): Promise<Reply> {
    const upload = this.#find(target);
    const number = partNumber(target.request);
    const source = await openCopySource(target);
    try {
      const range = copyRange(target.request, source.version.size);
      const digest = new ContentDigest(upload.algorithm);
      const bytes = digest.through(streamSlice({ handle: source.handle, ...range }));
      const part = await this.#addPart(upload, number, bytes, () => {
        const { etag, checksum } = digest.finish();
        return { size: digest.size, etag, checksum };
      });
      return xmlReply("CopyPartResult", {
        ETag: part.etag,
        LastModified: new Date(part.lastModified).toISOString(),
        ...checksumElements(part.checksum),
      });
    } finally {
      await source.handle.close();
    }
  }

  async complete(target: ObjectTarget, body: RequestBody): Promise<Reply> {
    const { request, bucket, key } = target;
    const condition = writeCondition(request);
    const upload = this.#find(target);
    const asked = parseParts(await readDocument(body));
    return this.#lock.run(upload.id, async () => {
      // A second completion waited here while the first one won.
      this.#find(target);
      const parts = checkParts(upload, asked);
      const full = upload.checksumType === "FULL_OBJECT" ? upload.algorithm : undefined;
      const digest = new ContentDigest(full);
      const version = await staging(this.#storage, digest.through(bytesOf(parts)), (staged) => {
        const md5s = parts.map((part) => Buffer.from(part.etag.slice(1, -1), "hex"));
        const md5 = createHash("md5").update(Buffer.concat(md5s)).digest("hex");
        const checksum = digest.finish().checksum ?? composite(upload, parts);
        checkObject(request, checksum, digest.size);
        const draft = {
          size: digest.size,
          etag: `"${md5}-${parts.length}"`,
          headers: upload.headers,
          metadata: upload.metadata,
          ...(checksum === undefined ? {} : { checksum }),
        };
        return this.#storage.commit(bucket, key, staged, draft, condition);
      });
      await this.#forget(upload);
      const versioned = this.#storage.bucket(bucket).versioning !== undefined;
      return xmlReply(
        "CompleteMultipartUploadResult",
        {
          Location: `http://${request.headers.host ?? ""}${request.rawPath}`,
          Bucket: bucket,
          Key: key,
          ETag: version.etag,
          ...checksumElements(version.checksum),
          ChecksumType: version.checksum?.type,
        },
        versioned ? { "x-amz-version-id": version.versionId } : {},
      );
    });
  }

  async abort(target: ObjectTarget): Promise<Reply> {
    const upload = this.#find(target);
    await this.#lock.run(upload.id, async () => {
      this.#find(target);
      await this.#forget(upload);
    });
    return { status: 204 };
  }

  listParts(target: ObjectTarget): Reply {
    const upload = this.#find(target);
    const marker = queryNumber(target.request, "part-number-marker", 0);
    const max = queryNumber(target.request, "max-parts", 1000, 1000);
    const all = sorted(upload).filter(({ number }) => number > marker);
    const page = all.slice(0, max);
    return xmlReply("ListPartsResult", {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
      StorageClass: "STANDARD",
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.algorithm === undefined ? undefined : upload.checksumType,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number,
      MaxParts: max,
      IsTruncated: page.length < all.length,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: new Date(part.lastModified).toISOString(),
        ETag: part.etag,
        Size: part.size,
        ...checksumElements(part.checksum),
      })),
    });
  }

  listUploads(request: S3Request, bucket: string): Reply {
    this.#storage.bucket(bucket);
    const prefix = queryValue(request, "prefix") ?? "";
    const keyMarker = queryValue(request, "key-marker") ?? "";
    const idMarker = queryValue(request, "upload-id-marker") ?? "";
    const max = queryNumber(request, "max-uploads", 1000, 1000);
    const all = [...this.#uploads.values()]
      .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
      .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id))
      .filter(({ key, id }) => {
        const order = compareUtf8(key, keyMarker);
        return order > 0 || (order === 0 && idMarker !== "" && id > idMarker);
      });
    const page = all.slice(0, max);
    const truncated = page.length < all.length;
    return xmlReply("ListMultipartUploadsResult", {
      Bucket: bucket,
      Prefix: prefix,
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
      NextKeyMarker: truncated ? page.at(-1)?.key : undefined,
      NextUploadIdMarker: truncated ? page.at(-1)?.id : undefined,
      MaxUploads: max,
      IsTruncated: truncated,
      Upload: page.map((upload) => ({
        Key: upload.key,
        UploadId: upload.id,
        Initiated: new Date(upload.initiated).toISOString(),
        StorageClass: "STANDARD",
        ChecksumAlgorithm: upload.algorithm,
      })),
    });
  }

  /** Drops what a deleted bucket leaves. */
  async forgetBucket(bucket: string): Promise<void> {
    for (const upload of this.#uploads.values()) {
      if (upload.bucket === bucket) await this.#lock.run(upload.id, () => this.#forget(upload));
    }
  }

  async #addPart(
    upload: Upload,
    number: number,
    source: AsyncIterable<Uint8Array>,
    describe: () => Pick<Part, "size" | "etag" | "checksum">,
  ): Promise<Part> {
    return staging(this.#storage, source, (staged) =>
      this.#lock.run(upload.id, async () => {
        if (!this.#uploads.has(upload.id)) throw noSuchUpload(upload.id);
        const file = this.#storage.stagingPath(`part-${randomBytes(16).toString("hex")}`);
        const part = { number, lastModified: Date.now(), file, ...describe() };
        await staged.commit(file, { number });
        const before = upload.parts.get(number);
        upload.parts.set(number, part);
        if (before !== undefined) await rm(before.file);
        return part;
      }),
    );
  }

  #find({ request, bucket, key }: ObjectTarget): Upload {
    this.#storage.bucket(bucket);
    const id = queryValue(request, "uploadId") ?? "";
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.bucket !== bucket || upload.key !== key) {
      throw noSuchUpload(id);
    }
    return upload;
  }

  async #forget(upload: Upload): Promise<void> {
    this.#uploads.delete(upload.id);
    for (const part of upload.parts.values()) await rm(part.file);
    upload.parts.clear();
  }
}

const sorted = (upload: Upload): Part[] =>
  [...upload.parts.values()].sort((a, b) => a.number - b.number);

async function* bytesOf(parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    const handle = await open(part.file, "r");
    try {
      yield* streamSlice({ handle, start: 0, length: part.size });
    } finally {
      await handle.close();
    }
  }
}
