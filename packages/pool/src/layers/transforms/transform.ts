import { LailaError } from "@laila/schema";
import type { LayerConfig } from "../../contract.js";
import type { Declaration } from "../../pool-class.js";
import { captureConfig, type ParsedConfig, parseConfig } from "../../pool-config.js";
import { refuseNickname } from "../layer.js";
import type { TransformHeader } from "./envelope.js";

/** What bytes are transformed for. */
export interface TransformContext {
  readonly key: string;
  /** What an encryption binds the bytes to. */
  readonly associatedData: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** One value's transform, ready to be done: what the header says of it is settled before any byte is. */
export interface PreparedTransform {
  readonly header: TransformHeader;
  encode(bytes: Uint8Array, context: TransformContext): Promise<Uint8Array>;
}

/** One transform of bytes, with its configuration. A class declares itself as a layer does. */
export abstract class Transform<Config extends object = object> {
  /** The name in headers. */
  abstract readonly name: string;
  /** The most bytes that it unpacks to; undefined when it unpacks nothing. */
  abstract readonly maxBytes: number | undefined;
  readonly #parsed: ParsedConfig;

  /** INVALID_CONFIG. */
  constructor(config: object) {
    refuseNickname(config);
    this.#parsed = parseConfig(this.#declaration(), config);
  }

  protected get config(): Readonly<Config> {
    return this.#parsed.values as Config;
  }

  /** Values that lack this transform are read too. */
  get allowPlain(): boolean {
    return this.#parsed.values.allowPlain === true;
  }

  /** What stands for it in a document. */
  layerConfig(): LayerConfig {
    const { package: _, ...own } = captureConfig(this.#declaration(), this.#parsed);
    return own;
  }

  /** The most bytes that so many become. Grows with them. */
  abstract bound(bytes: number): number;
  abstract prepare(): PreparedTransform;
  /** Undoes it; the result may be the caller's own. Gives at most `limit` bytes. CORRUPT, MISSING_SECRET. */
  abstract decode(
    bytes: Uint8Array,
    header: TransformHeader,
    limit: number,
    context: TransformContext,
  ): Promise<Uint8Array>;

  #declaration(): Declaration {
    return this.constructor as unknown as Declaration;
  }
}

/** The value under `key` is not what a write of this pool left there. */
export function corruptValue(key: string, why: string, cause?: unknown): LailaError {
  return new LailaError(
    "CORRUPT",
    `The value under ${JSON.stringify(key)} is not given out: ${why}.`,
    { cause, details: { key } },
  );
}
