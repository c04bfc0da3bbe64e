import { createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { LailaError, type Secret, secret } from "@laila/schema";
import * as z from "zod";
import {
  decryptStream,
  deriveKey,
  encryptedLength,
  encryptStream,
  saltLength,
} from "./aes-gcm-stream.js";
import type { TransformHeader } from "./envelope.js";
import {
  corruptValue,
  type PreparedTransform,
  Transform,
  type TransformContext,
} from "./transform.js";

const keyLength = 32;
const keyIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const keyId = z.string().regex(keyIdPattern, "must be 1 to 64 letters, digits, dots, dashes");
const key = z.string().refine((text) => keyBytes(text) !== undefined, {
  message: "must be 32 random bytes in base64 or hex; `openssl rand -base64 32` makes some",
});

const configSchema = z
  .object({
    /** The name of the key; stored in clear with every value. */
    keyId,
    /** The key that values are written with. */
    key: secret(key),
    /** Keys that values were written with before, by their names: values are still read with them. */
    oldKeys: secret(z.record(keyId, key)).optional(),
    /** Values that were stored without encryption are read too; for the time of a migration. */
    allowPlain: z.boolean().default(false),
  })
  .refine((config) => !config.oldKeys || !Object.hasOwn(config.oldKeys, config.keyId), {
    path: ["oldKeys"],
    message: "must not have the keyId that is used now; a new key has a new name",
  });

export interface EncryptOptions {
  /** The name of the key, such as `2026-01`; stored in clear with every value. */
  readonly keyId: string;
  /** The key that values are written with: 32 random bytes in base64 or hex. */
  readonly key: string | Secret;
  /** Keys that values were written with before, by their names: values are still read with them. */
  readonly oldKeys?: Readonly<Record<string, string | Secret>> | undefined;
  /** Values that were stored without encryption are read too; for the time of a migration. */
  readonly allowPlain?: boolean | undefined;
}

const headerShape = z.looseObject({
  key_id: z.string().regex(keyIdPattern),
  salt: z.base64(),
  commitment: z.base64(),
});

/** AES-256-GCM in chunks, under a key of its own for every value. */
export class Encrypt extends Transform<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "Encrypt";
  static readonly packageName: string = "@laila/pool";
  readonly name = "aes-256-gcm-stream";
  readonly maxBytes = undefined;

  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(config: object) {
    super(config);
    const { keyId: current, key: now, oldKeys = {} } = this.config;
    const all = Object.entries({ ...oldKeys, [current]: now });
    this.#keys = new Map(all.map(([id, text]) => [id, masterKey(text)]));
  }

  bound(bytes: number): number {
    return encryptedLength(bytes);
  }

  prepare(): PreparedTransform {
    const id = this.config.keyId;
    const salt = randomBytes(saltLength);
    const derived = deriveKey(this.#master(id, ""), salt, id);
    return {
      header: {
        name: this.name,
        key_id: id,
        salt: salt.toString("base64"),
        commitment: Buffer.from(derived.commitment).toString("base64"),
      },
      encode: (bytes, { associatedData, signal }) =>
        encryptStream(bytes, { key: derived.key, associatedData, signal }),
    };
  }

  async decode(
    bytes: Uint8Array,
    header: TransformHeader,
    _limit: number,
    { key: under, associatedData, signal }: TransformContext,
  ): Promise<Uint8Array> {
    const parsed = headerShape.safeParse(header);
    if (!parsed.success) throw corruptValue(under, "its encryption is described malformed");
    const { key_id: id, salt, commitment } = parsed.data;
    const saltBytes = Buffer.from(salt, "base64");
    const committed = Buffer.from(commitment, "base64");
    if (saltBytes.byteLength !== saltLength || committed.byteLength !== keyLength)
      throw corruptValue(under, "its encryption is described malformed");
    const derived = deriveKey(this.#master(id, under), saltBytes, id);
    if (!timingSafeEqual(derived.commitment, committed)) {
      throw corruptValue(
        under,
        `it was encrypted with another key than the ${JSON.stringify(id)} given here, or was changed`,
      );
    }
    const plain = await decryptStream(bytes, { key: derived.key, associatedData, signal });
    if (!plain) {
      throw corruptValue(
        under,
        "it does not decrypt: it was changed, cut, or put under another key than it was written to",
      );
    }
    return plain;
  }

  #master(id: string, under: string): KeyObject {
    const found = this.#keys.get(id);
    if (found) return found;
    throw new LailaError(
      "MISSING_SECRET",
      `The value under ${JSON.stringify(under)} is encrypted with the key ${JSON.stringify(id)}, which this pool does not have. Give it among the oldKeys of encrypt.`,
      { details: { key: under, keyId: id } },
    );
  }
}

function masterKey(text: string): KeyObject {
  // The schema has seen to it that there are bytes.
  return createSecretKey(keyBytes(text) ?? new Uint8Array(0));
}

/** 32 bytes as base64, base64url (either with or without padding) or hex; undefined for anything else. */
function keyBytes(text: string): Uint8Array | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}
