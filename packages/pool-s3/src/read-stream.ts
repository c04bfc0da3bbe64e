import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { ReadStreamResult, Version } from "@laila/pool";
import { etagOf } from "./answers.js";
import { type Body, BrokenBody } from "./body.js";
import type { Bucket } from "./bucket.js";
import { matches, type Stored, Sums, storedOf } from "./checksum.js";
import { type Deed, placedError } from "./errors.js";
import { failureOf } from "./failure.js";
import { isLarge } from "./large-read.js";
import { collectWhole, untilWhole } from "./objects.js";
import { fill, getRange, NoRange } from "./range.js";

/** Ranges of one stream that are under way or wait to be consumed, and how long they are, in bytes. */
const window = 4;
const rangeBytes = 4 * 1024 ** 2;

interface Opened {
  readonly first: Uint8Array;
  readonly size: number;
  readonly version: Version;
  readonly stored: Stored;
}

/**
 * An object as a stream, or undefined. What is not long is read as any value, and verified before anything
 * is given. The rest comes in ranges of one version, some of them ahead of the consumer; no connection is held
 * while the consumer is busy. Whether all of it is the object's value is known at its end: CORRUPT.
 */
export async function openStream(
  bucket: Bucket,
  name: string,
  deed: Deed,
): Promise<ReadStreamResult | undefined> {
  const opened = await openObject(bucket, name, deed);
  return (
    opened && {
      stream: ranges(bucket, name, opened, deed),
      size: opened.size,
      version: opened.version,
    }
  );
}

function openObject(bucket: Bucket, name: string, deed: Deed): Promise<Opened | undefined> {
  return untilWhole(bucket, deed, () =>
    bucket.run(deed, async (client, http) => {
      const command = new GetObjectCommand({ Bucket: bucket.place.bucket, Key: name });
      const reply = await client.send(command, http);
      const body = reply.Body as Body;
      const about = { version: etagOf(reply), stored: storedOf(reply) };
      if (!isLarge(reply, bucket)) {
        const first = await collectWhole(reply);
        return { ...about, first, size: first.byteLength };
      }
      const first = new Uint8Array(rangeBytes);
      await fillFirst(first, body);
      return { ...about, first, size: reply.ContentLength ?? 0 };
    }),
  );
}

/** Takes the beginning of a body, and destroys the rest. */
async function fillFirst(target: Uint8Array, body: Body): Promise<void> {
  await fill(
    target,
    (async function* () {
      let left = target.byteLength;
      for await (const chunk of body) {
        const bytes = (chunk as Uint8Array).subarray(0, left);
        left -= bytes.byteLength;
        yield bytes;
        if (left === 0) return;
      }
    })(),
  );
}

async function* ranges(
  bucket: Bucket,
  name: string,
  { first, size, version, stored }: Opened,
  deed: Deed,
): AsyncGenerator<Uint8Array> {
  if (first.byteLength > 0) yield first;
  if (first.byteLength === size) return;
  const sums = new Sums(stored.unit ?? bucket.partBytes);
  sums.add(first);
  const link = bucket.link(deed);
  const own: Deed = { ...deed, signal: link.signal };
  const ahead: Promise<Uint8Array>[] = [];
  let next = first.byteLength;
  const fetch = (): void => {
    const start = next;
    const end = Math.min(start + rangeBytes, size);
    next = end;
    const target = new Uint8Array(end - start);
    const range = { start, end, target };
    const fetched = getRange(bucket, name, version, own, () => range).then(() => target);
    // Told where it is awaited.
    fetched.catch(() => undefined);
    ahead.push(fetched);
  };
  try {
    for (;;) {
      while (next < size && ahead.length < window) fetch();
      const range = ahead.shift();
      if (!range) break;
      const bytes = await range;
      sums.add(bytes);
      yield bytes;
    }
  } catch (error) {
    throw rangeError(error, bucket, deed);
  } finally {
    link.controller.abort();
    await Promise.allSettled(ahead);
    link.unlink();
  }
  if (!stored.other && !matches(sums.end(), stored))
    throw placedError(
      "CORRUPT",
      "gave bytes that do not have the checksum they were stored with: use nothing of them. Read it again; if that fails too, write it again, or restore it from a copy.",
      deed,
      bucket.place,
    );
}

function rangeError(error: unknown, bucket: Bucket, deed: Deed): unknown {
  const { status, name } = failureOf(error);
  if (status === 412 || name === "NoSuchKey") {
    const told = "was not finished: the value was changed meanwhile. Read it again.";
    return placedError("CONFLICT", told, deed, bucket.place);
  }
  if (error instanceof NoRange) {
    const told =
      "was not finished: the server does not give ranges of one version of an object. Use read, or another server.";
    return placedError("UNSUPPORTED", told, deed, bucket.place);
  }
  if (error instanceof BrokenBody) return bucket.brokenBody([error, error, error], deed);
  return bucket.error(error, deed);
}
