import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { ReadResult, Version } from "@laila/pool";
import { etagOf } from "./answers.js";
import { type Body, BrokenBody, collect } from "./body.js";
import type { Bucket } from "./bucket.js";
import { crcName, encodeCrc } from "./checksum.js";
import { type Deed, isThrottling, requestError } from "./errors.js";
import { failureOf } from "./failure.js";
import { assemble, isLarge } from "./large-read.js";
import { checkBucket } from "./listing.js";
import { rangeOf, withoutChecksum } from "./range.js";

export interface PutOptions {
  readonly ifNoneMatch?: "*";
  readonly ifMatch?: Version;
  /** Written into the object's metadata, to know one's own write again. */
  readonly writeId?: string;
}

export interface Head {
  readonly version: Version;
  readonly writeId: string | undefined;
}

export const writeIdName = "laila-write";
/** How often is asked again for what arrived broken, here or there. */
const attempts = 3;
const json = "{".charCodeAt(0);

/** The object's bytes and ETag, or undefined. A body that arrives broken is asked for again. */
export async function getObject(
  bucket: Bucket,
  name: string,
  deed: Deed,
): Promise<ReadResult | undefined> {
  const command = () => new GetObjectCommand({ Bucket: bucket.place.bucket, Key: name });
  return untilWhole(bucket, deed, async (isFirst) => {
    const { bytes, version } = await bucket.run(deed, async (client, http) => {
      const reply = await client.send(command(), http);
      const version = etagOf(reply);
      // Once it went wrong, the whole value comes as one answer, as the server has it at one moment.
      const bytes = isLarge(reply, bucket)
        ? await assemble(bucket, name, reply, deed, { helpers: isFirst })
        : await collectWhole(reply);
      return { bytes, version };
    });
    return { bytes: typeof bytes === "function" ? await bytes() : bytes, version };
  });
}

/** Reads until a body arrives whole, a few times at most; undefined when there is no such object. */
export async function untilWhole<T>(
  bucket: Bucket,
  deed: Deed,
  read: (isFirst: boolean) => Promise<T>,
): Promise<T | undefined> {
  const broken: BrokenBody[] = [];
  for (;;) {
    try {
      return await read(broken.length === 0);
    } catch (error) {
      if (failureOf(error).name === "NoSuchKey") return undefined;
      if (!(error instanceof BrokenBody)) throw bucket.error(error, deed);
      broken.push(error);
      if (error.kind === "lost" || deed.signal?.aborted || broken.length === attempts)
        throw bucket.brokenBody(broken, deed);
    }
  }
}

/** A value that came in one answer. The SDK has compared it with its checksum, where the server keeps one. */
export async function collectWhole(reply: GetObjectCommandOutput): Promise<Uint8Array> {
  const bytes = await collect(reply.Body as Body | undefined, reply.ContentLength);
  const written = reply.Metadata?.[crcName];
  if (
    written !== undefined &&
    reply.ChecksumCRC32 === undefined &&
    encodeCrc(crc32(bytes)) !== written
  )
    throw BrokenBody.mismatch(bytes.byteLength);
  return bytes;
}

/** The new ETag. Rejects with the SDK's own error: what a refusal means is the caller's business. */
export function putObject(
  bucket: Bucket,
  name: string,
  bytes: Uint8Array,
  deed: Deed,
  { ifNoneMatch, ifMatch, writeId }: PutOptions = {},
): Promise<Version> {
  const metadata: Record<string, string> = {};
  if (writeId !== undefined) metadata[writeIdName] = writeId;
  if (bucket.contentMd5) metadata[crcName] = encodeCrc(crc32(bytes));
  const input = {
    Bucket: bucket.place.bucket,
    Key: name,
    Body: bytes,
    ContentType: contentType(bytes),
    ...(bucket.contentMd5 ? { ContentMD5: md5Of(bytes) } : {}),
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    ...(writeId === undefined && !bucket.contentMd5 ? {} : { Metadata: metadata }),
  };
  return unharmed(deed, () =>
    bucket.run(
      deed,
      async (client, http) => etagOf(await client.send(new PutObjectCommand(input), http)),
      bytes.byteLength,
    ),
  );
}

/** The type of a record, by its first byte. */
export function contentType(bytes: Uint8Array): string {
  return bytes[0] === json ? "application/json" : "application/vnd.laila.record";
}

export function md5Of(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("base64");
}

/** What the server refused because it changed on its way there is sent again: nothing was done. */
export async function unharmed<T>(deed: Deed, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const harmed = harms.has(failureOf(error).name);
      if (!harmed || attempt === attempts || deed.signal?.aborted) throw error;
    }
  }
}

const harms = new Set([
  "BadDigest",
  "XAmzContentSHA256Mismatch",
  "IncompleteBody",
  "InvalidDigest",
]);

export async function deleteObject(bucket: Bucket, name: string, deed: Deed): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.place.bucket, Key: name });
  try {
    await bucket.run(deed, (client, http) => client.send(command, http));
  } catch (error) {
    // Some servers say so of what is not there; it is gone all the same.
    if (failureOf(error).name !== "NoSuchKey") throw bucket.error(error, deed);
  }
}

/**
 * The names that could not be deleted, each with its error. At most 1,000 names. Those that the server was
 * too busy for are tried again, with as much time in between as the SDK gives a whole request.
 */
export async function deleteObjects(
  bucket: Bucket,
  names: readonly string[],
  deed: Deed,
): Promise<ReadonlyMap<string, Error>> {
  const failed = new Map<string, Error>();
  let left = names;
  for (let attempt = 1; left.length > 0; attempt++) {
    const errors = await deleteOnce(bucket, left, deed);
    left = [];
    for (const [name, told] of errors) {
      if (attempt < attempts && isThrottling(told)) left = [...left, name];
      else failed.set(name, requestError(told, deed, bucket.place));
    }
    if (left.length > 0) await bucket.pause(attempt, deed);
  }
  return failed;
}

interface Told {
  readonly name: string;
  readonly message: string;
}

async function deleteOnce(
  bucket: Bucket,
  names: readonly string[],
  deed: Deed,
): Promise<ReadonlyMap<string, Told>> {
  const input = {
    Bucket: bucket.place.bucket,
    // Not quiet: what is not named in the answer was not deleted.
    Delete: { Objects: names.map((Key) => ({ Key })), Quiet: false },
  };
  const reply = await bucket.call(deed, (client, http) =>
    unharmed(deed, () => {
      const command = new DeleteObjectsCommand(input);
      if (bucket.contentMd5) withContentMd5(command);
      return client.send(command, http);
    }),
  );
  const done = new Set((reply.Deleted ?? []).map(({ Key }) => Key));
  const errors = new Map((reply.Errors ?? []).map((error) => [error.Key, error]));
  const failed = new Map<string, Told>();
  for (const name of names) {
    if (done.has(name)) continue;
    const { Code = "NotAnS3Answer", Message = "the answer says nothing of it" } =
      errors.get(name) ?? {};
    if (Code !== "NoSuchKey") failed.set(name, { name: Code, message: Message });
  }
  return failed;
}

/** Here the SDK sends a checksum of its own in any case, which servers refuse that know only this one. */
function withContentMd5(command: DeleteObjectsCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string };
      for (const name of Object.keys(headers))
        if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name];
      headers["content-md5"] = md5Of(Buffer.from(body));
      return next(args);
    },
    { step: "build", priority: "low", name: "withContentMd5" },
  );
}

/**
 * Whether the object is there, in one request and for certain. It asks for the first byte: the answers to
 * HEAD have no body, so that a 404 would not say whether the object, the bucket or the whole server is
 * missing, nor a refusal why.
 */
export async function hasObject(bucket: Bucket, name: string, deed: Deed): Promise<boolean> {
  const command = new GetObjectCommand({
    Bucket: bucket.place.bucket,
    Key: name,
    Range: rangeOf(0, 1),
  });
  withoutChecksum(command);
  try {
    return await bucket.run(deed, async (client, http) => {
      const reply = await client.send(command, http);
      const body = reply.Body as Body | undefined;
      etagOf(reply);
      // The headers have said it; the byte is read for the sake of the connection only.
      if (reply.ContentLength === 1) await collect(body, 1).catch(() => undefined);
      else body?.destroy();
      return true;
    });
  } catch (error) {
    const { name: told } = failureOf(error);
    if (told === "NoSuchKey") return false;
    // It is there, and empty; or there, and archived.
    if (told === "InvalidRange" || told === "InvalidObjectState") return true;
    throw bucket.error(error, deed);
  }
}

/**
 * ETag and write id, or undefined when the object is not there. For those only who know that the bucket is:
 * a 404 does not say. Any other refusal does not say why, so that the bucket is asked.
 */
export async function headObject(
  bucket: Bucket,
  name: string,
  deed: Deed,
): Promise<Head | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket.place.bucket, Key: name });
  try {
    return await bucket.run(deed, async (client, http) => {
      const reply = await client.send(command, http);
      return { version: etagOf(reply), writeId: reply.Metadata?.[writeIdName] };
    });
  } catch (error) {
    const { status } = failureOf(error);
    if (status === 404) return undefined;
    if (status !== undefined && status >= 300 && status < 500 && !deed.signal?.aborted)
      await checkBucket(bucket, name, deed);
    throw bucket.error(error, deed);
  }
}
