const marker = 0;

/**
 * Some services take no empty value. There, what is empty or begins with a zero byte gets a zero byte before
 * it; all else, and so every record of LAILA's, is stored as it is.
 */
export function withoutEmpty(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0 && bytes[0] !== marker) return bytes;
  const stored = new Uint8Array(bytes.length + 1);
  stored.set(bytes, 1);
  return stored;
}

export function fromStored(stored: Uint8Array): Uint8Array {
  return stored[0] === marker ? stored.subarray(1) : stored;
}
