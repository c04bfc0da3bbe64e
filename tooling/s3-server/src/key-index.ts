/** Keys in the order of their UTF-8 bytes, which is the order of S3's listings. */
export class KeyIndex {
  readonly #keys: string[] = [];

  get length(): number {
    return this.#keys.length;
  }

  at(index: number): string | undefined {
    return this.#keys[index];
  }

  all(): readonly string[] {
    return this.#keys;
  }

  add(key: string): void {
    const at = this.firstNotBefore(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  remove(key: string): void {
    const at = this.firstNotBefore(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  /** Where `key` is, or would be. */
  firstNotBefore(key: string): number {
    return this.#first((candidate) => compareUtf8(candidate, key) >= 0);
  }

  firstAfter(key: string): number {
    return this.#first((candidate) => compareUtf8(candidate, key) > 0);
  }

  /** Behind every key that starts with `prefix`. */
  firstAfterPrefix(prefix: string): number {
    return this.#first(
      (candidate) => compareUtf8(candidate, prefix) > 0 && !candidate.startsWith(prefix),
    );
  }

  #first(reached: (key: string) => boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#keys[middle] ?? "")) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Orders strings as their UTF-8 bytes would be; UTF-16 units put U+E000…U+FFFF above the rest. */
export function compareUtf8(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let i = 0; i < shorter; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

const rank = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;
