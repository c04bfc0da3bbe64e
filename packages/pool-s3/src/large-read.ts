import { constants } from "node:buffer";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { LailaError } from "@laila/pool";
import { etagOf } from "./answers.js";
import { type Body, BrokenBody } from "./body.js";
import type { Bucket } from "./bucket.js";
import { matches, type Sum, Sums, storedOf } from "./checksum.js";
import type { Deed } from "./errors.js";
import { getRange, type Range } from "./range.js";

/** What is not longer than so many parts goes and comes in one request. */
export const partsInOne = 2;
/** How many requests one value has besides its first one. */
const helperLimit = 15;

/** Whether it is worth more than one request. */
export function isLarge(
  { ContentLength = 0 }: GetObjectCommandOutput,
  { partBytes }: Bucket,
): boolean {
  return ContentLength > partsInOne * partBytes;
}

export interface AssembleOptions {
  /** Whether more requests may help this one. */
  readonly helpers: boolean;
}

/**
 * A large value from its first answer, which has all of it and is read from the front, and from helpers: they
 * fetch ranges of the same version from the back, as many as there are places for, until both meet. A helper
 * that fails leaves the rest to the first answer, which is of one version in any case.
 *
 * Resolves when the first answer is done, with what waits for the helpers: to be called, and behind the place that
 * the first answer had, or it would wait for places that are taken by first answers only.
 *
 * Ranges have no checksums of their own: the whole value is compared with the object's CRC-32, of the whole or
 * of its parts. What has another one comes in a single answer, which the SDK compares.
 *
 * Both reject with {@link BrokenBody} when the value arrived damaged, or a helper failed too late: it is to be read
 * again, without helpers. TOO_LARGE for what no Uint8Array holds.
 */
export async function assemble(
  bucket: Bucket,
  name: string,
  reply: GetObjectCommandOutput,
  deed: Deed,
  { helpers }: AssembleOptions,
): Promise<() => Promise<Uint8Array>> {
  const body = reply.Body as Body;
  const size = reply.ContentLength ?? 0;
  if (size > constants.MAX_LENGTH) {
    body.destroy();
    throw new LailaError(
      "TOO_LARGE",
      `The value of ${JSON.stringify(deed.key)} has ${size} bytes, more than one Uint8Array holds. Read it with readStream.`,
      { details: { bucket: bucket.place.bucket, key: deed.key, bytes: size } },
    );
  }
  const stored = storedOf(reply);
  const version = etagOf(reply);
  const meeting = new Meeting(size, stored.unit ?? bucket.partBytes);
  const link = bucket.link(deed);
  const count = helpers && !stored.other ? Math.min(helperLimit, meeting.ranges - 1) : 0;
  const own: Deed = { ...deed, signal: link.signal };
  const helping = Array.from({ length: count }, async () => {
    try {
      for (;;) {
        const range = await getRange(bucket, name, version, own, () => meeting.claim());
        if (!range) return;
        meeting.add(range);
      }
    } catch (error) {
      meeting.abandon(error);
      link.controller.abort();
    }
  });
  const end = async (): Promise<void> => {
    link.controller.abort();
    await Promise.all(helping);
    link.unlink();
  };
  try {
    await meeting.readFront(body);
  } catch (error) {
    await end();
    throw error;
  }
  return async () => {
    try {
      await meeting.rangesIn();
      if (deed.signal?.aborted) throw deed.signal.reason;
      const sums = meeting.finish();
      if (!matches(sums, stored)) throw BrokenBody.mismatch(size);
      return meeting.bytes;
    } finally {
      await end();
    }
  };
}

/** One value, filled from the front by one and from the back by others. */
class Meeting {
  readonly bytes: Uint8Array;
  readonly #unit: number;
  /** By where they begin. */
  readonly #helped = new Map<number, readonly Sum[]>();
  /** Where the front is. */
  #front = 0;
  /** Where the helpers' part begins. */
  #back: number;
  #met = false;
  #failure: unknown;
  /** Ranges that are claimed and have not come. */
  #missing = 0;
  #whenIn: (() => void) | undefined;
  readonly #sums: Sums;

  constructor(size: number, unit: number) {
    this.bytes = new Uint8Array(size);
    this.#unit = unit;
    this.#back = size;
    this.#sums = new Sums(unit);
  }

  get ranges(): number {
    return Math.ceil(this.bytes.byteLength / this.#unit);
  }

  /** The last range that nobody has, unless the front has begun with it. */
  claim(): (Range & { readonly target: Uint8Array }) | undefined {
    const start = (Math.ceil(this.#back / this.#unit) - 1) * this.#unit;
    if (this.#failure !== undefined || start <= this.#front) return undefined;
    const range = { start, end: this.#back, target: this.bytes.subarray(start, this.#back) };
    this.#back = start;
    this.#missing++;
    return range;
  }

  /** A claimed range has come. */
  add({ start, end }: Range): void {
    const sums = new Sums(this.#unit);
    sums.add(this.bytes.subarray(start, end));
    this.#helped.set(start, sums.end());
    if (--this.#missing === 0) this.#whenIn?.();
  }

  /** A helper has failed: all is the front's now, unless that has ended. */
  abandon(error: unknown): void {
    this.#failure ??= error;
    if (!this.#met) this.#back = this.bytes.byteLength;
    this.#whenIn?.();
  }

  /** Behind the front's end: resolves when every claimed range has come, or one never will. */
  async rangesIn(): Promise<void> {
    if (this.#missing === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#whenIn = resolve;
    });
  }

  /** Takes of the first answer what no helper has claimed. */
  async readFront(body: Body): Promise<void> {
    try {
      // Leaving the loop destroys the body: the rest of it is not wanted.
      for await (const chunk of body) {
        const bytes = chunk as Uint8Array;
        const part = bytes.subarray(0, this.#back - this.#front);
        this.bytes.set(part, this.#front);
        this.#sums.add(part);
        this.#front += part.byteLength;
        if (part.byteLength < bytes.byteLength && this.#back === this.bytes.byteLength)
          throw new Error("The body is too long.");
        if (this.#front === this.#back && this.#back < this.bytes.byteLength) break;
      }
    } catch (error) {
      throw BrokenBody.of(error, this.#front);
    }
    this.#met = true;
    if (this.#front < this.#back) throw BrokenBody.short(this.#front, this.#back);
  }

  /** The sums of all units in order. A helper's failure behind the front's back is that of the whole. */
  finish(): readonly Sum[] {
    const sums = [...this.#sums.end()];
    if (this.#front === this.bytes.byteLength) return sums;
    if (this.#failure !== undefined) {
      throw new BrokenBody("short", { cause: this.#failure, received: this.#front });
    }
    for (let start = this.#back; start < this.bytes.byteLength; start += this.#unit)
      sums.push(...(this.#helped.get(start) ?? []));
    return sums;
  }
}
