import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { abortError } from "@laila/schema";

// Format: formats.md, "Transformed bytes": a STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, 2015).
// Every chunk has its own nonce (an 11-byte big-endian counter, then 1 for the last chunk and 0 for the
// others), so that chunks can be neither reordered nor left out, and the end cannot be cut off.

const algorithm = "aes-256-gcm";
const chunkLength = 2 ** 20;
const tagLength = 16;
export const saltLength = 32;
/** After so many chunks, others get their turn. */
const chunksAtATime = 8;

/** Of one value: the key, and what tells that it is the right one before any byte is decrypted. */
export interface DerivedKey {
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
}

/** HKDF-SHA256 (RFC 5869) of the master key; 32 bytes each. */
export function deriveKey(master: KeyObject, salt: Uint8Array, keyId: string): DerivedKey {
  const derived = new Uint8Array(hkdfSync("sha256", master, salt, `laila/1/${keyId}`, 64));
  return { key: derived.subarray(0, 32), commitment: derived.subarray(32) };
}

/** How many bytes so many become: a tag for each chunk, of which there is always one. */
export function encryptedLength(bytes: number): number {
  return bytes + tagLength * Math.max(1, Math.ceil(bytes / chunkLength));
}

interface StreamOptions {
  readonly key: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** ABORTED between two chunks. */
export async function encryptStream(
  bytes: Uint8Array,
  { key, associatedData, signal }: StreamOptions,
): Promise<Uint8Array> {
  const out = new Uint8Array(encryptedLength(bytes.byteLength));
  const chunks = Math.max(1, Math.ceil(bytes.byteLength / chunkLength));
  for (let i = 0; i < chunks; i++) {
    await turn(i, signal);
    const chunk = bytes.subarray(i * chunkLength, (i + 1) * chunkLength);
    const nonce = nonceOf(i, i === chunks - 1);
    const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
    cipher.setAAD(associatedData);
    const at = i * (chunkLength + tagLength);
    out.set(cipher.update(chunk), at);
    // GCM keeps nothing back: the end gives no bytes, only the tag.
    cipher.final();
    out.set(cipher.getAuthTag(), at + chunk.byteLength);
  }
  return out;
}

/** Undefined when it does not decrypt: changed, cut, in another order, or of another key. ABORTED. */
export async function decryptStream(
  bytes: Uint8Array,
  { key, associatedData, signal }: StreamOptions,
): Promise<Uint8Array | undefined> {
  const chunks = Math.ceil(bytes.byteLength / (chunkLength + tagLength));
  const length = bytes.byteLength - chunks * tagLength;
  // The only length that this many bytes can have come from; less than a tag is left of a chunk otherwise.
  if (length < 0 || encryptedLength(length) !== bytes.byteLength) return undefined;
  const out = new Uint8Array(length);
  for (let i = 0; i < chunks; i++) {
    await turn(i, signal);
    const chunk = bytes.subarray(
      i * (chunkLength + tagLength),
      (i + 1) * (chunkLength + tagLength),
    );
    const nonce = nonceOf(i, i === chunks - 1);
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength });
    decipher.setAAD(associatedData);
    decipher.setAuthTag(chunk.subarray(chunk.byteLength - tagLength));
    const plain = decipher.update(chunk.subarray(0, chunk.byteLength - tagLength));
    try {
      decipher.final();
    } catch {
      // Node says nothing but "unable to authenticate data"; the caller says what that may mean.
      return undefined;
    }
    out.set(plain, i * chunkLength);
  }
  return out;
}

function nonceOf(chunk: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(chunk));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

async function turn(chunk: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw abortError(signal);
  if (chunk > 0 && chunk % chunksAtATime === 0) await setImmediate();
}
