/**
 * The part of an object's key behind the pool's prefix: percent-encoding exactly as Python's
 * `quote(key, safe="")` does it, with a leading dot as %2E so that no name is "." or "..".
 * `key` is well-formed.
 */
export function encodeName(key: string): string {
  const encoded = encodeURIComponent(key).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return encoded.startsWith(".") ? `%2E${encoded.slice(1)}` : encoded;
}

/** The key whose encoding this is; undefined when no key has it, so that the object is not ours. */
export function decodeName(name: string): string | undefined {
  if (name === "") return undefined;
  try {
    const key = decodeURIComponent(name);
    return encodeName(key) === name ? key : undefined;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
