import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";
import { type CallOptions, LailaError, mapLimit } from "@laila/pool";
import { decodeListed } from "./answers.js";
import type { Bucket } from "./bucket.js";
import { probePrefix } from "./conditions.js";
import { type Deed, placedError } from "./errors.js";
import { failureOf } from "./failure.js";
import { listPage } from "./listing.js";
import { deleteObject } from "./objects.js";
import { serverTime } from "./server-time.js";

export interface CleanupOptions extends CallOptions {
  /** An age in milliseconds. What is younger may belong to a write that is under way. */
  readonly olderThan: number;
}

/** What was found, and removed unless there is an `error`. */
export interface Cleaned {
  /** The key that was being written; undefined for what tried conditional writes out. */
  readonly key: string | undefined;
  readonly since: Date;
  readonly error?: unknown;
}

interface Found extends Cleaned {
  remove(): Promise<unknown>;
}

/** Requests at once: nobody waits for this. */
const concurrency = 8;

/** See {@link BucketPool.cleanup}. INVALID_ARGUMENT. */
export async function cleanUp(
  bucket: Bucket,
  prefix: string,
  keyOf: (name: string) => string | undefined,
  options: CleanupOptions,
): Promise<Cleaned[]> {
  const olderThan: unknown = options?.olderThan;
  if (typeof olderThan !== "number" || !(olderThan >= 0)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "cleanup takes { olderThan }, an age in milliseconds such as 24 * 3_600_000. What is younger may belong to a write that is under way.",
    );
  }
  const deed: Deed = { verb: "Cleaning up", signal: options.signal };
  // By the server's clock, which gave the times; it tells whole seconds.
  const before = (await serverTime(bucket, prefix, deed)).getTime() + 999 - olderThan;
  const old = async function* (all: AsyncIterable<Found>): AsyncGenerator<Found> {
    for await (const found of all) if (found.since.getTime() <= before) yield found;
  };
  const found: Found[] = [];
  for await (const one of old(uploads(bucket, prefix, keyOf, deed))) found.push(one);
  for await (const one of old(probes(bucket, prefix, deed))) found.push(one);
  const cleaned: Cleaned[] = [];
  const done = mapLimit(found, concurrency, async ({ key, since, remove }) => {
    try {
      await remove();
      cleaned.push({ key, since });
    } catch (error) {
      cleaned.push({ key, since, error });
    }
  });
  for await (const _ of done);
  return cleaned;
}

/** The uploads of keys that were neither completed nor aborted. */
async function* uploads(
  bucket: Bucket,
  prefix: string,
  keyOf: (name: string) => string | undefined,
  deed: Deed,
): AsyncGenerator<Found> {
  const Bucket = bucket.place.bucket;
  let [keyMarker, idMarker]: (string | undefined)[] = [];
  for (;;) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket,
      Prefix: prefix,
      EncodingType: "url",
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
    });
    const page: ListMultipartUploadsCommandOutput = await bucket.call(deed, (client, http) =>
      client.send(command, http),
    );
    const plain = page.EncodingType === "url" ? decodeListed : (name: string) => name;
    for (const { Key = "", UploadId, Initiated } of page.Uploads ?? []) {
      const name = plain(Key);
      const key = keyOf(name);
      const probe = name.startsWith(prefix + probePrefix);
      if ((key === undefined && !probe) || UploadId === undefined || !Initiated) continue;
      const abort = new AbortMultipartUploadCommand({ Bucket, Key: name, UploadId });
      const remove = async (): Promise<void> => {
        try {
          await bucket.run(deed, (client, http) => client.send(abort, http));
        } catch (error) {
          // Somebody else was first, or it was completed meanwhile.
          if (failureOf(error).name !== "NoSuchUpload") throw bucket.error(error, { ...deed, key });
        }
      };
      yield { key, since: Initiated, remove };
    }
    if (page.IsTruncated !== true) return;
    const next: (string | undefined)[] = [plain(page.NextKeyMarker ?? ""), page.NextUploadIdMarker];
    if (next[0] === "" || (next[0] === keyMarker && next[1] === idMarker)) {
      const told =
        "was cut: the server says that there are more uploads, and not where they go on. Try again.";
      throw placedError("UNAVAILABLE", told, deed, bucket.place);
    }
    [keyMarker, idMarker] = next;
  }
}

/** The objects that a dead process tried conditional writes out with. */
async function* probes(bucket: Bucket, prefix: string, deed: Deed): AsyncGenerator<Found> {
  let token: string | undefined;
  do {
    const page = await listPage(bucket, prefix + probePrefix, token, deed);
    for (const { name, modified } of page.objects) {
      if (modified === undefined) continue;
      yield { key: undefined, since: modified, remove: () => deleteObject(bucket, name, deed) };
    }
    token = page.next;
  } while (token !== undefined);
}
