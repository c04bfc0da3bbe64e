import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { Version } from "@laila/pool";
import { etagOf } from "./answers.js";
import { type Body, BrokenBody } from "./body.js";
import type { Bucket } from "./bucket.js";
import type { Deed } from "./errors.js";

export interface Range {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** As RFC 9110 writes it. */
export function rangeOf(start: number, end: number): string {
  return `bytes=${start}-${end - 1}`;
}

/** The server has no ranges, or ignores that only one version of the object is wanted. */
export class NoRange extends Error {}

/** How often a range that arrived broken is asked for. */
const attempts = 3;

/**
 * Puts a range of one version of an object into `target`, which is as long. `claim` says which, when there is
 * a place for the request; undefined: none any more, resolves to undefined. A body that arrives broken is
 * asked for again. Rejects with {@link NoRange}, {@link BrokenBody} or the SDK's error: 412 when there is
 * another version now.
 */
export async function getRange(
  bucket: Bucket,
  name: string,
  version: Version,
  deed: Deed,
  claim: () => (Range & { readonly target: Uint8Array }) | undefined,
): Promise<Range | undefined> {
  let claimed: ReturnType<typeof claim>;
  for (let attempt = 1; ; attempt++) {
    try {
      return await bucket.run(deed, async (client, http) => {
        claimed ??= claim();
        if (!claimed) return undefined;
        const { start, end, target } = claimed;
        const command = new GetObjectCommand({
          Bucket: bucket.place.bucket,
          Key: name,
          Range: rangeOf(start, end),
          IfMatch: version,
        });
        withoutChecksum(command);
        const reply = await client.send(command, http);
        const body = reply.Body as Body;
        const whole = `bytes ${start}-${end - 1}/`;
        if (!reply.ContentRange?.startsWith(whole) || etagOf(reply) !== version) {
          body.destroy();
          throw new NoRange("The answer is not the range that was asked for.");
        }
        await fill(target, body);
        return claimed;
      });
    } catch (error) {
      const again = error instanceof BrokenBody && error.kind !== "lost";
      if (!again || attempt === attempts || deed.signal?.aborted) throw error;
    }
  }
}

/** Puts a body where it belongs. Rejects with {@link BrokenBody} if it is longer or shorter than that. */
export async function fill(target: Uint8Array, body: AsyncIterable<unknown>): Promise<void> {
  let at = 0;
  try {
    for await (const chunk of body) {
      const bytes = chunk as Uint8Array;
      if (at + bytes.byteLength > target.byteLength) throw new Error("The body is too long.");
      target.set(bytes, at);
      at += bytes.byteLength;
    }
  } catch (cause) {
    throw BrokenBody.of(cause, at);
  }
  if (at !== target.byteLength) throw BrokenBody.short(at, target.byteLength);
}

/**
 * The checksum of an object is of the whole: some servers send it with a part of it, and the SDK would
 * compare in vain.
 */
export function withoutChecksum(command: GetObjectCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { readonly headers: Record<string, string> };
      delete request.headers["x-amz-checksum-mode"];
      return next({ ...args, input: { ...args.input, ChecksumMode: undefined } });
    },
    { step: "build", name: "withoutChecksum", override: true },
  );
}
