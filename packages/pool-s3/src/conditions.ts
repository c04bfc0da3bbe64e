import { randomUUID } from "node:crypto";
import { isLailaError, LailaError, type WriteCondition } from "@laila/pool";
import type { Bucket } from "./bucket.js";
import { conflict, type Deed, placedError, requestError } from "./errors.js";
import { failureOf } from "./failure.js";
import { deleteObject, headObject, type PutOptions, putObject } from "./objects.js";
import { Upload } from "./upload.js";

/** What an ETag looks like, quoted or (some servers) bare; "*" and lists mean something else in If-Match. */
const etag = /^(?:"[\x21\x23-\x7e]*"|[\x21\x23-\x29\x2b\x2d-\x7e]+)$/;

/** An ETag that no object has. */
const noVersion = `"${"0".repeat(32)}"`;

/** NoSuchKey is the answer of some servers to If-Match on what is not there. */
const refusals = new Set([
  "PreconditionFailed",
  "ConditionalRequestConflict",
  "OperationAborted",
  "ConcurrentModification",
  "NoSuchKey",
]);

/** The headers of a condition. CONFLICT for a version that no S3 server gives. */
export function putOptions(
  condition: WriteCondition,
  writeId: string,
  deed: Deed,
  bucket: Bucket,
): PutOptions {
  if ("ifAbsent" in condition) return { ifNoneMatch: "*", writeId };
  if (!etag.test(condition.ifVersion)) throw conflict("lost", deed, bucket.place);
  return { ifMatch: condition.ifVersion, writeId };
}

/** True for the ways in which servers refuse a conditional write whose condition does not hold. */
export function isRefusal(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return status === 412 || refusals.has(name);
}

/**
 * What a refusal of our own conditional write means. After a single attempt: lost. After the SDK sent
 * it again, the first one may have been done and its reply lost; then the write id on the object tells,
 * as long as nobody has written it since. Resolves to the version if the write is ours.
 */
export async function settle(
  error: unknown,
  name: string,
  writeId: string,
  deed: Deed,
  bucket: Bucket,
): Promise<string> {
  const failure = failureOf(error, bucket.place.secrets);
  if (failure.attempts <= 1) throw conflict("lost", deed, bucket.place, failure);
  const head = await headObject(bucket, name, deed).catch((told: unknown) => {
    throw isLailaError(told) ? undecided(told) : told;
  });
  if (head?.writeId === writeId) return head.version;
  throw conflict("unknown", deed, bucket.place, failure);
}

/** Why the object cannot be asked, as the failure of the write that it leaves undecided. */
function undecided({ code, message, cause, details }: LailaError): LailaError {
  const told = "It cannot be known whether the write was done: its first reply was lost.";
  return new LailaError(code, `${message} ${told}`, {
    cause,
    details: { ...details, outcome: "unknown" },
  });
}

/** How a probe's writes are called: `.` makes them names of no key. */
export const probePrefix = ".laila-probe-";

type Kind = "ifMatch" | "ifNoneMatch";

/**
 * Finds out, once and only when it matters, whether a server honours conditions, of single requests and of
 * uploads in parts: some S3 look-alikes ignore them, and every writer of a race would win. It writes an empty
 * object under a name that is no key's, and removes it.
 */
export class ConditionProbe {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #found = new Map<string, Promise<boolean>>();
  #ignored = false;

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  /** False once the server was seen to ignore a condition. */
  get honoured(): boolean {
    return !this.#ignored;
  }

  /** UNSUPPORTED where the server ignores this kind of condition. A probe that failed is made again. */
  async require(condition: WriteCondition, deed: Deed): Promise<void> {
    if (await this.#honours(condition, "put")) return;
    this.#ignored = true;
    throw ignoredError(deed, this.#bucket);
  }

  /** Whether this kind of condition is honoured where an upload in parts is completed. */
  honoursInParts(condition: WriteCondition): Promise<boolean> {
    return this.#honours(condition, "parts");
  }

  #honours(condition: WriteCondition, way: "put" | "parts"): Promise<boolean> {
    const kind = "ifAbsent" in condition ? "ifNoneMatch" : "ifMatch";
    const known = this.#found.get(`${kind} ${way}`);
    if (known) return known;
    // Without the signal of one writer: others wait for it too.
    const found = this.#probe(kind, way === "put" ? putNothing : uploadNothing);
    this.#found.set(`${kind} ${way}`, found);
    found.catch(() => this.#found.delete(`${kind} ${way}`));
    return found;
  }

  async #probe(kind: Kind, write: WriteNothing): Promise<boolean> {
    const deed: Deed = { verb: "Probing conditional writes" };
    const name = `${this.#prefix}${probePrefix}${randomUUID()}`;
    const bucket = this.#bucket;
    const refused = async (options: PutOptions): Promise<boolean> => {
      try {
        await write(bucket, name, deed, options);
        return false;
      } catch (error) {
        if (isRefusal(error)) return true;
        throw requestError(error, deed, bucket.place);
      }
    };
    if (kind === "ifMatch") {
      const honoured = await refused({ ifMatch: noVersion });
      if (!honoured) await deleteObject(bucket, name, deed);
      return honoured;
    }
    try {
      await putNothing(bucket, name, deed, {});
    } catch (error) {
      throw requestError(error, deed, bucket.place);
    }
    try {
      return await refused({ ifNoneMatch: "*" });
    } finally {
      await deleteObject(bucket, name, deed);
    }
  }
}

type WriteNothing = (
  bucket: Bucket,
  name: string,
  deed: Deed,
  options: PutOptions,
) => Promise<unknown>;

const putNothing: WriteNothing = (bucket, name, deed, options) =>
  putObject(bucket, name, new Uint8Array(0), deed, options);

/** An upload of one byte, as its last part may have. */
const uploadNothing: WriteNothing = async (bucket, name, deed, options) => {
  const upload = await Upload.begin(bucket, name, deed, {
    writeId: randomUUID(),
    contentType: "application/octet-stream",
    partBytes: 1,
    checksums: false,
    wholeChecksums: false,
  });
  try {
    await upload.part(1, new Uint8Array(1), deed);
    await upload.complete(deed, options);
  } catch (error) {
    throw await upload.abandon(error, deed);
  }
};

/** Several writers would win. */
export function ignoredError(deed: Deed, bucket: Bucket): LailaError {
  return placedError(
    "UNSUPPORTED",
    "was not done: this server ignores the conditions of conditional writes, so several writers would win. Write without a condition, or use a server that honours If-Match and If-None-Match.",
    deed,
    bucket.place,
  );
}
