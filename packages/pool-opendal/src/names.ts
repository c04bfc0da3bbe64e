/** How keys become paths of a service, and back. */
export interface Naming {
  encode(key: string): string;
  /** Undefined for a path that no key has, so that the object is not ours. */
  decode(path: string): string | undefined;
}

/**
 * One flat name, exactly as `@laila/pool-s3` and Python LAILA have it: `quote(key, safe="")`, with a leading
 * dot as %2E.
 */
export const flatNames: Naming = naming((key) => {
  const encoded = encodeURIComponent(key).replace(/[!'()*]/g, percent);
  return encoded.startsWith(".") ? `%2E${encoded.slice(1)}` : encoded;
});

const partLength = 200;

/**
 * For services whose names are short or forget their case: everything but small letters, digits, `_` and `-`
 * is escaped, and what is longer than 200 bytes is split into directories, of which each ends in "+" (so that
 * none is called as a value is).
 */
export const nestedNames: Naming = naming((key) => {
  const encoded = key.replace(/[^a-z0-9_-]/gu, percent);
  const parts = encoded.match(new RegExp(`.{1,${partLength}}`, "g")) ?? [];
  return parts.join("+/");
});

function naming(encode: (key: string) => string): Naming {
  return {
    encode,
    decode(path) {
      if (path === "") return undefined;
      try {
        const key = decodeURIComponent(path.replaceAll("+/", ""));
        return encode(key) === path ? key : undefined;
      } catch (error) {
        if (error instanceof URIError) return undefined;
        throw error;
      }
    },
  };
}

function percent(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}
