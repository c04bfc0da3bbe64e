import {
  type ClassCodec,
  ClassRegistry,
  decodeRecord,
  isGlobalId,
  LailaError,
} from "@laila/schema";
import { answered } from "../core/api.js";
import type { OpenRequest, Progress, RecordFacts } from "./protocol.js";
import { Instance } from "./tree.js";

/** More than this is not loaded into a page. */
const maxLoaded = 512 * 1024 * 1024;

/** Reads every class, as an {@link Instance}: the page has none of its own. */
export class AnyClass extends ClassRegistry {
  override forName(id: string): ClassCodec {
    const decode = (data: unknown): Instance => new Instance(id, data);
    return { class: Instance, name: "Instance", version: 1, encode: (data) => data, decode };
  }
}

export interface OpenedRecord {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly data: unknown;
  readonly facts: RecordFacts;
}

/** Fetches a record, checks its digest, and decodes it. */
export async function openRecord(
  { url, key }: OpenRequest,
  onProgress: (progress: Progress) => void,
): Promise<OpenedRecord> {
  const began = performance.now();
  const bytes = await load(url, onProgress);
  const fetched = performance.now();
  if (!isGlobalId(key))
    throw new LailaError(
      "UNSUPPORTED",
      `${key} is the key of no entry, so its bytes are not decoded. Download them instead.`,
    );
  const { entry, codec, timestamp, recorder, borrower, digest } = decodeRecord(bytes, {
    key,
    classes: new AnyClass(),
  });
  const decoded = performance.now();
  return {
    bytes,
    data: entry.data,
    facts: {
      globalId: entry.globalId,
      scopes: entry.scopes,
      uuid: entry.uuid,
      evolution: entry.evolution ?? null,
      nickname: entry.nickname ?? null,
      codec,
      timestamp,
      recorder,
      borrower,
      digest,
      bytes: bytes.length,
      fetchMs: fetched - began,
      decodeMs: decoded - fetched,
    },
  };
}

async function load(
  url: string,
  onProgress: (progress: Progress) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await answered(url);
  const length = response.headers.get("content-length");
  const total = length === null ? null : Number(length);
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  // One piece of memory where the size is known: two are too much for a large record.
  let bytes = new Uint8Array(total === null ? 65_536 : total > maxLoaded ? 0 : total);
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const needed = loaded + value.length;
    if (Math.max(needed, total ?? 0) > maxLoaded) {
      await reader.cancel();
      throw new LailaError(
        "TOO_LARGE",
        "The record is larger than 512 MiB, which is too much for a page. Download it instead.",
      );
    }
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, needed));
      larger.set(bytes.subarray(0, loaded));
      bytes = larger;
    }
    bytes.set(value, loaded);
    loaded = needed;
    onProgress({ loaded, total });
  }
  return loaded === bytes.length ? bytes : bytes.slice(0, loaded);
}
