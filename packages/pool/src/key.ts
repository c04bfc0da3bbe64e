import { isWellFormed, LailaError } from "@laila/schema";

/** The length of a well-formed string in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes++;
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes++;
  }
  return bytes;
}

/** INVALID_ARGUMENT unless the key is a well-formed string of 1 to `maxKeyBytes` UTF-8 bytes. */
export function checkKey(key: unknown, maxKeyBytes: number): asserts key is string {
  if (typeof key !== "string") {
    throw invalid(`A key must be a string, this is ${key === null ? "null" : typeof key}.`);
  }
  if (key.length === 0) throw invalid("A key must not be empty.");
  if (!isWellFormed(key)) {
    throw invalid(`The key ${shown(key)} is no well-formed Unicode: it has a lone surrogate.`);
  }
  // No unit of a string has more than three bytes.
  if (key.length * 3 <= maxKeyBytes) return;
  const bytes = utf8Length(key);
  if (bytes > maxKeyBytes) {
    throw invalid(
      `The key ${shown(key)} has ${bytes} bytes in UTF-8; this pool takes at most ${maxKeyBytes}.`,
    );
  }
}

/** INVALID_ARGUMENT unless the prefix is a well-formed string; the empty one is every key's. */
export function checkPrefix(prefix: unknown): asserts prefix is string | undefined {
  if (prefix === undefined) return;
  if (typeof prefix !== "string" || !isWellFormed(prefix)) {
    throw invalid(
      "A prefix must be a well-formed Unicode string: this one has a lone surrogate or is no string.",
    );
  }
}

function invalid(message: string): LailaError {
  return new LailaError("INVALID_ARGUMENT", message);
}

function shown(key: string): string {
  return key.length > 80 ? `${JSON.stringify(key.slice(0, 80))}…` : JSON.stringify(key);
}
