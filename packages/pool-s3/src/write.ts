import { crc32 } from "node:zlib";
import type { Version } from "@laila/pool";
import type { Bucket } from "./bucket.js";
import { isRefusal, settle } from "./conditions.js";
import { conflict, type Deed, placedError, writeError } from "./errors.js";
import { failureOf } from "./failure.js";
import { partsInOne } from "./large-read.js";
import { contentType, type PutOptions, putObject } from "./objects.js";
import { maxParts, Upload, type UploadOptions } from "./upload.js";

const MiB = 1024 ** 2;
/** Parts of one value under way at once: they lie in the value's own memory. */
const valueWindow = 16;
/** Parts of one stream under way at once; as many buffers and one more are held. */
const streamWindow = 4;
/** Behind so many parts of a stream they become twice as long, so that there is no end before that of S3. */
const partsOfOneLength = 1000;
const maxPartBytes = 5 * 1024 ** 3;

export interface WriteSettings {
  /** All parts but the last have to be equally long. */
  readonly uniformParts: boolean;
  /** Whether parts get a CRC-32. */
  readonly checksums: boolean;
  /** Whether the server is asked to keep one of the whole. */
  readonly wholeChecksums: boolean;
}

/** A write: what for, where to, and on what condition. */
export interface Writing {
  readonly bucket: Bucket;
  readonly name: string;
  readonly deed: Deed;
  readonly writeId: string;
  /** The headers of the condition; empty without one. */
  readonly condition: PutOptions;
  readonly settings: WriteSettings;
}

/** Whether a value goes in parts. */
export function inParts(bytes: Uint8Array, { partBytes }: Bucket): boolean {
  return bytes.byteLength > partsInOne * partBytes;
}

/** A value in one request. */
export async function writeWhole(writing: Writing, bytes: Uint8Array): Promise<Version> {
  const { bucket, name, deed, writeId, condition } = writing;
  const conditional = isConditional(condition);
  try {
    return await putObject(bucket, name, bytes, deed, condition);
  } catch (error) {
    if (!conditional) throw bucket.error(error, deed);
    if (isRefusal(error)) return settle(error, name, writeId, deed, bucket);
    throw writeError(error, deed, bucket.place);
  }
}

/** A value in parallel parts. */
export async function writeParts(writing: Writing, bytes: Uint8Array): Promise<Version> {
  const least = Math.ceil(bytes.byteLength / maxParts / MiB) * MiB;
  const partBytes = Math.max(writing.bucket.partBytes, least);
  const count = Math.ceil(bytes.byteLength / partBytes);
  const upload = await begin(writing, {
    contentType: contentType(bytes),
    partBytes,
    ...(writing.bucket.contentMd5 ? { crc: crc32(bytes) } : {}),
  });
  return finish(writing, upload, async (sending) => {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const number = ++next;
        await sending.part(number, bytes.subarray((number - 1) * partBytes, number * partBytes));
      }
    };
    const workers = Array.from({ length: Math.min(valueWindow, count) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      next = count;
      sending.stop();
      await Promise.allSettled(workers);
      throw error;
    }
  });
}

/**
 * A stream, in parts of which only a few are in memory at a time. What is not longer than one part goes in
 * one request.
 */
export async function writeStreamed(
  writing: Writing,
  source: AsyncIterable<Uint8Array>,
): Promise<Version> {
  const { partBytes } = writing.bucket;
  const buffers = new Buffers();
  const parts = partsOf(writing, source, buffers);
  try {
    const first = await parts.next();
    const bytes = first.value ?? new Uint8Array(0);
    if (bytes.byteLength < partBytes) {
      return await writeWhole(writing, bytes);
    }
    const upload = await begin(writing, {
      contentType: contentType(bytes),
      partBytes,
    });
    return await finish(writing, upload, (sending) => sendAll(sending, bytes, parts, buffers));
  } finally {
    // Not awaited where the source has not answered yet: why we leave is told already.
    parts.return(undefined).catch(() => undefined);
  }
}

async function sendAll(
  sending: Sending,
  first: Uint8Array,
  parts: AsyncGenerator<Uint8Array>,
  buffers: Buffers,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Told where it is raced against.
  failed.catch(() => undefined);
  const start = (number: number, bytes: Uint8Array): void => {
    const sent: Promise<void> = sending
      .part(number, bytes)
      .then(() => buffers.give(bytes))
      .catch(fail)
      .finally(() => running.delete(sent));
    running.add(sent);
  };
  try {
    start(1, first);
    for (let number = 2; ; number++) {
      const step = await Promise.race([parts.next(), failed]);
      if (step.done) break;
      if (running.size >= streamWindow) await Promise.race([...running, failed]);
      start(number, step.value);
    }
    await Promise.race([Promise.all(running), failed]);
    // Of a failure that came with the last part, the other promise may have been the first.
    await Promise.race([failed, undefined]);
  } catch (error) {
    sending.stop();
    await Promise.all(running);
    throw error;
  }
}

/** Buffers that are used again: memory that is freed only by the collector would add up. */
class Buffers {
  #free: Uint8Array[] = [];

  take(length: number): Uint8Array {
    const found = this.#free.findIndex((buffer) => buffer.byteLength === length);
    const [buffer] = found < 0 ? [] : this.#free.splice(found, 1);
    return buffer ?? new Uint8Array(length);
  }

  give(bytes: Uint8Array): void {
    // The last part is a window of its buffer, and nobody needs that any more.
    if (bytes.byteLength === bytes.buffer.byteLength) this.#free = [...this.#free, bytes];
  }
}

/** The source in parts: all as long as {@link partLength} says, but the last one, which may be empty if it is the first. */
async function* partsOf(
  writing: Writing,
  source: AsyncIterable<Uint8Array>,
  buffers: Buffers,
): AsyncGenerator<Uint8Array> {
  let number = 1;
  let buffer = buffers.take(partLength(writing, number));
  let at = 0;
  for await (const chunk of source) {
    for (let from = 0; from < chunk.byteLength; ) {
      const some = chunk.subarray(from, from + buffer.byteLength - at);
      buffer.set(some, at);
      from += some.byteLength;
      at += some.byteLength;
      if (at < buffer.byteLength) continue;
      yield buffer;
      buffer = buffers.take(partLength(writing, ++number));
      at = 0;
    }
  }
  if (at > 0 || number === 1) yield buffer.subarray(0, at);
}

/** TOO_LARGE behind the last part that S3 takes. */
function partLength({ settings, deed, bucket }: Writing, number: number): number {
  if (number <= maxParts) return lengthOfPart(number, bucket.partBytes, settings.uniformParts);
  const told = `is longer than ${maxParts} parts from ${bucket.partBytes} bytes on. Give the pool a larger partSizeBytes.`;
  throw placedError("TOO_LARGE", told, deed, bucket.place);
}

/** In bytes, of a stream's part; they count from 1. */
export function lengthOfPart(number: number, partBytes: number, uniform: boolean): number {
  if (uniform) return partBytes;
  const doublings = Math.floor((number - 1) / partsOfOneLength);
  return Math.min(maxPartBytes, partBytes * 2 ** doublings);
}

async function begin(
  { bucket, name, deed, writeId, settings }: Writing,
  about: Pick<UploadOptions, "contentType" | "partBytes" | "crc">,
): Promise<Upload> {
  const { checksums, wholeChecksums } = settings;
  try {
    const options = { ...about, writeId, checksums, wholeChecksums };
    return await Upload.begin(bucket, name, deed, options);
  } catch (error) {
    throw bucket.error(error, deed);
  }
}

/** The parts of one upload on their way. */
interface Sending {
  part(number: number, bytes: Uint8Array): Promise<void>;
  /** The parts under way are wanted no more. They have to be over before the upload is aborted. */
  stop(): void;
}

/** Sends the parts and completes, or leaves nothing behind. */
async function finish(
  { bucket, deed, condition }: Writing,
  upload: Upload,
  send: (sending: Sending) => Promise<void>,
): Promise<Version> {
  const link = bucket.link(deed);
  const own: Deed = { ...deed, signal: link.signal };
  try {
    await send({
      part: (number, bytes) =>
        upload.part(number, bytes, own).catch((error: unknown) => {
          throw bucket.error(error, deed);
        }),
      stop: () => link.controller.abort(),
    });
  } catch (error) {
    throw await upload.abandon(error, deed);
  } finally {
    link.unlink();
  }
  try {
    return await upload.complete(deed, condition);
  } catch (error) {
    const refused = isConditional(condition) && isRefusal(error);
    const settled = await upload.settle(deed, refused);
    if (settled !== undefined) return settled;
    // Aborted before it was done: whatever the failure, nothing was changed.
    if (refused) throw conflict("lost", deed, bucket.place, failureOf(error, bucket.place.secrets));
    throw bucket.error(error, deed);
  }
}

const isConditional = ({ ifMatch, ifNoneMatch }: PutOptions): boolean =>
  ifMatch !== undefined || ifNoneMatch !== undefined;
