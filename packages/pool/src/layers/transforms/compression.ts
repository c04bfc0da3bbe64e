import { constants as bufferLimits } from "node:buffer";
import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompress,
  constants,
  gunzip,
  gzip,
  type BrotliOptions as NodeBrotliOptions,
  type ZlibOptions,
} from "node:zlib";
import * as z from "zod";
import type { TransformHeader } from "./envelope.js";
import {
  corruptValue,
  type PreparedTransform,
  Transform,
  type TransformContext,
} from "./transform.js";

const common = {
  /** The most bytes that a value may have when it is unpacked; 1 GiB unless given. */
  maxBytes: z
    .number()
    .int()
    .positive()
    .max(2 ** 32 - 1)
    .default(2 ** 30),
  /** Values that were stored without this transform are read too; for the time of a migration. */
  allowPlain: z.boolean().default(false),
};

const gzipSchema = z.object({
  /** From 1, fast, to 9, small. */
  level: z.number().int().min(1).max(9).default(6),
  ...common,
});

const brotliSchema = z.object({
  /** From 0, fast, to 11, small and very slow. */
  quality: z.number().int().min(0).max(11).default(4),
  ...common,
});

export type GzipOptions = z.input<typeof gzipSchema>;
export type BrotliOptions = z.input<typeof brotliSchema>;

type Done = (error: NodeJS.ErrnoException | null, result: unknown) => void;

/** With `info`, zlib gives its engine too, which has counted the bytes that it took. */
interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** What both compressions have in common. */
abstract class Compression<Config extends { readonly maxBytes: number }> extends Transform<Config> {
  protected abstract pack(bytes: Uint8Array): Promise<Uint8Array>;
  protected abstract unpack(bytes: Uint8Array, maxOutputLength: number, done: Done): void;

  get maxBytes(): number {
    return this.config.maxBytes;
  }

  /** What cannot be compressed grows a little: generously, by 1/32 and a frame. */
  bound(bytes: number): number {
    return bytes + Math.floor(bytes / 32) + 64;
  }

  prepare(): PreparedTransform {
    return { header: { name: this.name }, encode: (bytes) => this.pack(bytes) };
  }

  decode(
    bytes: Uint8Array,
    _header: TransformHeader,
    limit: number,
    { key }: TransformContext,
  ): Promise<Uint8Array> {
    // Zlib takes no limit of 0; the length is compared in the end.
    const most = Math.min(Math.max(1, limit), bufferLimits.MAX_LENGTH);
    return new Promise((resolve, reject) => {
      this.unpack(bytes, most, (error, result) => {
        if (error?.code === "ERR_BUFFER_TOO_LARGE")
          return reject(corruptValue(key, `its ${this.name} data unpacks to more than it says`));
        if (error) return reject(corruptValue(key, `its ${this.name} data is damaged`, error));
        const { buffer, engine } = result as Unpacked;
        if (engine.bytesWritten !== bytes.byteLength)
          return reject(corruptValue(key, `something follows its ${this.name} data`));
        resolve(buffer);
      });
    });
  }
}

/** RFC 1952, as `gzip` writes it. */
export class Gzip extends Compression<z.output<typeof gzipSchema>> {
  static readonly configSchema = gzipSchema;
  static readonly classToken: string = "Gzip";
  static readonly packageName: string = "@laila/pool";
  readonly name = "gzip";

  protected pack(bytes: Uint8Array): Promise<Uint8Array> {
    const { level } = this.config;
    return promisify<Uint8Array, ZlibOptions, Uint8Array>(gzip)(bytes, { level });
  }

  protected unpack(bytes: Uint8Array, maxOutputLength: number, done: Done): void {
    gunzip(bytes, { info: true, maxOutputLength }, done);
  }
}

/** RFC 7932. */
export class Brotli extends Compression<z.output<typeof brotliSchema>> {
  static readonly configSchema = brotliSchema;
  static readonly classToken: string = "Brotli";
  static readonly packageName: string = "@laila/pool";
  readonly name = "brotli";

  protected pack(bytes: Uint8Array): Promise<Uint8Array> {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: this.config.quality,
      [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(bytes.byteLength, 2 ** 30),
    };
    return promisify<Uint8Array, NodeBrotliOptions, Uint8Array>(brotliCompress)(bytes, { params });
  }

  protected unpack(bytes: Uint8Array, maxOutputLength: number, done: Done): void {
    // Node's types forget `info` here.
    const options: NodeBrotliOptions & { info: boolean } = { info: true, maxOutputLength };
    brotliDecompress(bytes, options, done);
  }
}
