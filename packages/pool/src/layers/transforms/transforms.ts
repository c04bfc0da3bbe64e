import { LailaError } from "@laila/schema";
import * as z from "zod";
import { mapLimit } from "../../concurrency.js";
import type {
  CallOptions,
  LayerConfig,
  ManyResult,
  PoolLike,
  ReadManyResult,
  ReadResult,
  Supports,
  Version,
  WriteManyItem,
  WriteOptions,
} from "../../contract.js";
import { Layer } from "../layer.js";
import { Brotli, type BrotliOptions, Gzip, type GzipOptions } from "./compression.js";
import { Encrypt, type EncryptOptions } from "./encrypt.js";
import {
  associatedDataOf,
  type Envelope,
  envelopeLength,
  headerBytesOf,
  maxTransforms,
  packEnvelope,
  type TransformHeader,
  unpackEnvelope,
} from "./envelope.js";
import { corruptValue, type Transform } from "./transform.js";

/** One transform, as {@link withTransforms} takes it. */
export type TransformOptions =
  | { readonly gzip: GzipOptions | true }
  | { readonly brotli: BrotliOptions | true }
  | { readonly encrypt: EncryptOptions };

/** Two transforms that follow one another in a document share an envelope. */
const transformTokens: readonly unknown[] = [Gzip, Brotli, Encrypt].map((one) => one.classToken);

/** A transform that was done to a value, and what the header says of it. */
interface Step {
  readonly transform: Transform;
  readonly described: TransformHeader;
}

/** How many values of a `writeMany` are transformed at a time. */
const atATime = 4;

/** Keeps values transformed, in an envelope; see {@link withTransforms}. */
export class Transforms extends Layer {
  static readonly configSchema = z.object({});
  static readonly classToken: string = "Transforms";
  static readonly packageName: string = "@laila/pool";

  /** In the order in which they are done to a value that is written. */
  readonly #transforms: readonly Transform[];
  readonly #supports: Supports;

  constructor(pool: PoolLike, transforms: readonly Transform[]) {
    super(pool, {});
    const outermost = pool.toConfig().layers?.at(-1)?.class_token;
    if (transformTokens.includes(outermost)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        "This pool has transforms already. Give all of them in one withTransforms: they share one envelope.",
      );
    }
    checkList(transforms);
    this.#transforms = transforms;
    this.#supports = { ...super.supports, maxValueBytes: this.#maxValueBytes() };
  }

  override get supports(): Supports {
    return this.#supports;
  }

  protected override layerConfigs(): readonly LayerConfig[] {
    return this.#transforms.toReversed().map((transform) => transform.layerConfig());
  }

  protected override async _read(
    key: string,
    options: CallOptions,
  ): Promise<ReadResult | undefined> {
    const found = await super._read(key, options);
    return found && { ...found, bytes: await this.#decode(key, found.bytes, options) };
  }

  protected override async _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version | undefined> {
    return super._write(key, await this.#encode(key, bytes, options), options);
  }

  protected override async *_readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncGenerator<ReadManyResult> {
    for await (const one of super._readMany(keys, options)) {
      const { key, result } = one;
      if (!result) {
        yield one;
        continue;
      }
      let decoded: ReadManyResult;
      try {
        const bytes = await this.#decode(key, result.bytes, options);
        decoded = { key, result: { ...result, bytes } };
      } catch (error) {
        decoded = { key, error };
      }
      yield decoded;
    }
  }

  protected override async _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const encoded: WriteManyItem[] = new Array(items.length);
    const done = mapLimit(items.entries(), atATime, async ([i, item]) => {
      encoded[i] = { ...item, bytes: await this.#encode(item.key, item.bytes, options) };
    });
    for await (const _ of done);
    return super._writeMany(encoded, options);
  }

  async #encode(key: string, bytes: Uint8Array, { signal }: CallOptions): Promise<Uint8Array> {
    const prepared = this.#transforms.map((transform) => transform.prepare());
    const transforms = prepared.map(({ header }) => header);
    const header = headerBytesOf({ transforms, size: bytes.byteLength });
    const context = { key, associatedData: associatedDataOf(header, key), signal };
    let body = bytes;
    for (const transform of prepared) body = await transform.encode(body, context);
    return packEnvelope(header, body);
  }

  async #decode(key: string, bytes: Uint8Array, { signal }: CallOptions): Promise<Uint8Array> {
    const envelope = unpackEnvelope(key, bytes);
    const steps = this.#stepsOf(key, envelope);
    // Every transform may be missing, and is.
    if (!envelope) return bytes;
    const { header, headerBytes, body } = envelope;
    const done = steps.map(({ transform }) => transform);
    this.#checkSize(key, header.size, done);
    const context = { key, associatedData: associatedDataOf(headerBytes, key), signal };
    let plain = body;
    for (const [i, { transform, described }] of [...steps.entries()].toReversed()) {
      // What was done to it before made at most so much of the value.
      const limit = boundOf(done.slice(0, i), header.size);
      plain = await transform.decode(plain, described, limit, context);
    }
    if (plain.byteLength !== header.size)
      throw corruptValue(key, "it does not have the size that its envelope says");
    return plain;
  }

  /**
   * The transforms that were done to a value, in order: those that are configured, of which only such may be
   * missing as say so. Otherwise whoever can write to the storage could put in values in clear.
   */
  #stepsOf(key: string, envelope: Envelope | undefined): readonly Step[] {
    const stored = envelope?.header.transforms ?? [];
    const names = stored.map(({ name }) => name);
    const done = this.#transforms.filter(
      ({ name, allowPlain }) => names.includes(name) || !allowPlain,
    );
    const steps = stored.flatMap((described, i) => {
      const transform = done[i];
      return transform?.name === described.name ? [{ transform, described }] : [];
    });
    if (steps.length === stored.length && steps.length === done.length) return steps;
    const expected = this.#transforms.map(({ name }) => name).join(", ");
    const found = names.length === 0 ? "without transforms" : `with ${names.join(", ")}`;
    throw corruptValue(
      key,
      `it is stored ${printable(found)}, and this pool has ${expected}. If it was stored before the transforms were set up, say allowPlain: true for those it lacks, while you write such values anew`,
    );
  }

  #checkSize(key: string, size: number, done: readonly Transform[]): void {
    const limit = Math.min(...done.map(({ maxBytes = Number.POSITIVE_INFINITY }) => maxBytes));
    if (size <= limit) return;
    throw new LailaError(
      "TOO_LARGE",
      `The value under ${JSON.stringify(key)} would unpack to ${size} bytes; this pool unpacks at most ${limit}. Raise maxBytes of its compression if you trust it.`,
      { details: { key, bytes: size, maxBytes: limit } },
    );
  }

  /** The longest value that surely fits into the inner pool, whatever becomes of it. */
  #maxValueBytes(): number {
    const unpacked = this.#transforms.map(({ maxBytes = Number.POSITIVE_INFINITY }) => maxBytes);
    const room = this.inner.supports.maxValueBytes;
    const transforms = this.#transforms.map((transform) => transform.prepare().header);
    const fits = (size: number): boolean => {
      const header = headerBytesOf({ transforms, size });
      return envelopeLength(header) + boundOf(this.#transforms, size) <= room;
    };
    let [fitting, tooLong] = [0, Math.min(room, ...unpacked) + 1];
    while (tooLong - fitting > 1) {
      const middle = Math.floor((fitting + tooLong) / 2);
      if (fits(middle)) fitting = middle;
      else tooLong = middle;
    }
    return fitting;
  }
}

/** The most bytes that the transforms make of so many. */
function boundOf(transforms: readonly Transform[], bytes: number): number {
  return transforms.reduce((most, transform) => transform.bound(most), bytes);
}

function checkList(transforms: readonly Transform[]): void {
  const names = transforms.map(({ name }) => name);
  const fine = names.length >= 1 && names.length <= maxTransforms;
  if (fine && new Set(names).size === names.length) return;
  throw new LailaError(
    "INVALID_CONFIG",
    `withTransforms takes 1 to ${maxTransforms} transforms, each once; these are ${names.join(", ") || "none"}.`,
  );
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "").slice(0, 200);
}

function transformOf(options: TransformOptions): Transform {
  const [[kind, given] = [], ...others] = Object.entries(options ?? {});
  if (others.length === 0) {
    const config = given === true ? {} : (given as object);
    if (kind === "gzip") return new Gzip(config);
    if (kind === "brotli") return new Brotli(config);
    if (kind === "encrypt") return new Encrypt(config);
  }
  throw new LailaError(
    "INVALID_CONFIG",
    "A transform is one of { gzip: true }, { brotli: true } and { encrypt: { keyId, key } }.",
  );
}

/**
 * A pool whose values are stored transformed, in the order given: `[{ gzip: true }, { encrypt: { keyId, key } }]`
 * compresses and then encrypts. Keys of values, listings and conditions are as before. What is
 * read must have been stored with the same transforms (unless one says `allowPlain`): CORRUPT for what
 * was not, or was changed, cut or put under another key; MISSING_SECRET for an unknown key id; TOO_LARGE.
 *
 * To change the key, give the new one as `keyId` and `key` and the old one in `oldKeys`; values get the new one
 * as they are written anew. Encryption hides neither keys of values, nor sizes, times and key ids; with
 * compression before it, the size tells something of the content. A storage that gives back an older
 * value of the same key is not noticed. Format: "Transformed bytes" of formats.md.
 */
export function withTransforms(pool: PoolLike, transforms: readonly TransformOptions[]): PoolLike {
  return new Transforms(pool, transforms.map(transformOf));
}
