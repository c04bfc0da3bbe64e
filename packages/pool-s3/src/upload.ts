import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { LailaError, type Version } from "@laila/pool";
import { etagOf, notS3 } from "./answers.js";
import type { Bucket } from "./bucket.js";
import { combined, crcName, encodeCrc, partName, type Sum } from "./checksum.js";
import { conflict, type Deed, placedError } from "./errors.js";
import { failureOf } from "./failure.js";
import { headObject, md5Of, type PutOptions, unharmed, writeIdName } from "./objects.js";

/** The most parts that S3 takes. */
export const maxParts = 10_000;

export interface UploadOptions {
  readonly writeId: string;
  readonly contentType: string;
  /** The length of the parts, the last one's excepted; written down for readers. */
  readonly partBytes: number;
  /** Whether parts get a CRC-32. */
  readonly checksums: boolean;
  /** Whether the server is asked to keep one of the whole. */
  readonly wholeChecksums: boolean;
  /** Of the whole, written down for readers, where the server keeps none. */
  readonly crc?: number;
}

type Create = CreateMultipartUploadCommandInput;

/** How servers refuse what they do not know. */
const unknownTypes = new Set(["InvalidRequest", "InvalidArgument", "NotImplemented"]);

/** Where an upload was left, for the error of a write whose parts could not be removed either. */
const leftTold =
  "Its unfinished parts could not be removed either: cleanup({ olderThan }) does that later.";

/**
 * A multipart upload. The object appears when it is completed, and not before. Whoever begins one completes or
 * aborts it; only a process that dies leaves parts behind.
 */
export class Upload {
  readonly #bucket: Bucket;
  readonly #name: string;
  readonly #id: string;
  readonly #options: UploadOptions;
  /** The server said that it will have a checksum of the whole object, made of those of the parts. */
  readonly #wholeChecksum: boolean;
  readonly #parts = new Map<number, CompletedPart>();
  readonly #sums = new Map<number, Sum>();

  private constructor(
    bucket: Bucket,
    name: string,
    id: string,
    options: UploadOptions,
    wholeChecksum: boolean,
  ) {
    this.#bucket = bucket;
    this.#name = name;
    this.#id = id;
    this.#options = options;
    this.#wholeChecksum = wholeChecksum;
  }

  /** Rejects with the SDK's error, as all methods do. */
  static async begin(
    bucket: Bucket,
    name: string,
    deed: Deed,
    options: UploadOptions,
  ): Promise<Upload> {
    const create = (checksum: Pick<Create, "ChecksumAlgorithm" | "ChecksumType">) => {
      const command = new CreateMultipartUploadCommand({
        Bucket: bucket.place.bucket,
        Key: name,
        ContentType: options.contentType,
        Metadata: {
          [writeIdName]: options.writeId,
          [partName]: String(options.partBytes),
          ...(options.crc === undefined ? {} : { [crcName]: encodeCrc(options.crc) }),
        },
        ...checksum,
      });
      return bucket.run(deed, (client, http) => client.send(command, http));
    };
    const parts = options.checksums ? ({ ChecksumAlgorithm: "CRC32" } as const) : {};
    const whole = options.wholeChecksums
      ? ({ ...parts, ChecksumType: "FULL_OBJECT" } as const)
      : parts;
    const { UploadId, ChecksumType } = await create(options.checksums ? whole : {}).catch(
      (error: unknown) => {
        // Some servers keep checksums of parts, and refuse one of the whole.
        if (whole === parts || !unknownTypes.has(failureOf(error).name)) throw error;
        return create(parts);
      },
    );
    if (UploadId === undefined || UploadId === "") throw notS3();
    return new Upload(bucket, name, UploadId, options, ChecksumType === "FULL_OBJECT");
  }

  /** Parts count from 1, and may come in any order and at once. */
  async part(number: number, bytes: Uint8Array, deed: Deed): Promise<void> {
    const crc = crc32(bytes);
    const input = {
      ...this.#object,
      PartNumber: number,
      Body: bytes,
      // Some servers verify only what is announced by the algorithm too.
      ...(this.#options.checksums
        ? { ChecksumAlgorithm: "CRC32" as const, ChecksumCRC32: encodeCrc(crc) }
        : {}),
      ...(this.#bucket.contentMd5 ? { ContentMD5: md5Of(bytes) } : {}),
    };
    const reply = await unharmed(deed, () =>
      this.#bucket.run(
        deed,
        (client, http) => client.send(new UploadPartCommand(input), http),
        bytes.byteLength,
      ),
    );
    this.#sums.set(number, { crc, length: bytes.byteLength });
    this.#parts.set(number, {
      PartNumber: number,
      ETag: etagOf(reply),
      // A server that keeps checksums wants to see them again, and one that does not, does not.
      ...(reply.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: reply.ChecksumCRC32 }),
    });
  }

  /** Makes the object of the parts. With a lost reply the SDK's own second attempt finds no upload any more. */
  async complete(deed: Deed, { ifNoneMatch, ifMatch }: PutOptions): Promise<Version> {
    const numbers = [...this.#parts.keys()].sort((a, b) => a - b);
    const sums = numbers.flatMap((number) => this.#sums.get(number) ?? []);
    const input = {
      ...this.#object,
      MultipartUpload: { Parts: numbers.flatMap((number) => this.#parts.get(number) ?? []) },
      ...(this.#wholeChecksum
        ? { ChecksumCRC32: encodeCrc(combined(sums)), ChecksumType: "FULL_OBJECT" as const }
        : {}),
      ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    };
    const size = sums.reduce((sum, { length }) => sum + length, 0);
    // A server may have to put the object together before it answers.
    return unharmed(deed, () =>
      this.#bucket.run(
        deed,
        async (client, http) =>
          etagOf(await client.send(new CompleteMultipartUploadCommand(input), http)),
        size,
      ),
    );
  }

  /**
   * What became of a completion that failed: once the upload is aborted it can no more be done, and where there
   * is no upload to abort, it was done, or somebody else removed the upload. Resolves to the version if the
   * object is ours; undefined if it was not done for certain. LailaError with `outcome: "unknown"`, a CONFLICT if
   * it was `refused`.
   */
  async settle(deed: Deed, refused: boolean): Promise<Version | undefined> {
    // The caller may have lost patience; what was begun has to be ended all the same.
    const own: Deed = { verb: deed.verb, key: deed.key };
    try {
      await this.#abort(own);
      return undefined;
    } catch (error) {
      if (failureOf(error).name !== "NoSuchUpload") throw this.#undecided(error, own);
    }
    const head = await headObject(this.#bucket, this.#name, own).catch((error: unknown) => {
      throw this.#undecided(error, own);
    });
    if (head?.writeId === this.#options.writeId) return head.version;
    if (refused) throw conflict("unknown", deed, this.#bucket.place);
    throw placedError(
      "UNAVAILABLE",
      "may or may not have been done: the reply was lost, the upload is gone, and the value is not (or no more) this one. Read it and decide.",
      deed,
      this.#bucket.place,
      { details: { outcome: "unknown" } },
    );
  }

  /** Removes the parts. `reason` is why: it goes on, and tells so if that failed too. */
  async abandon(reason: unknown, deed: Deed): Promise<unknown> {
    try {
      await this.#abort({ verb: deed.verb, key: deed.key });
      return reason;
    } catch (error) {
      if (failureOf(error).name === "NoSuchUpload") return reason;
      const { code, message, cause, details } = this.#bucket.error(reason, deed);
      return new LailaError(code, `${message} ${leftTold}`, {
        cause,
        details: { ...details, leftUpload: this.#id },
      });
    }
  }

  async #abort(deed: Deed): Promise<void> {
    const command = new AbortMultipartUploadCommand(this.#object);
    await this.#bucket.run(deed, (client, http) => client.send(command, http));
  }

  #undecided(error: unknown, deed: Deed): LailaError {
    const { code, message, cause, details } = this.#bucket.error(error, deed);
    return new LailaError(code, `${message} It cannot be known whether the write was done.`, {
      cause,
      details: { ...details, outcome: "unknown", leftUpload: this.#id },
    });
  }

  get #object(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.#bucket.place.bucket, Key: this.#name, UploadId: this.#id };
  }
}
