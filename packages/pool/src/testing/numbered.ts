/** Words that follow from the value's number change this often, so that a mixture of two values shows. */
const blockWords = 256;

/**
 * A value that says which one it is and shows when it is cut, torn or mixed with another: `number:length`
 * and a line end, then bytes that follow from the number and their place. Never shorter than its first line.
 */
export function numbered(number: number, length: number): Uint8Array {
  let size = length;
  let first = firstLine(number, size);
  while (first.byteLength > size) {
    size = first.byteLength;
    first = firstLine(number, size);
  }
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let block = 0; block * blockWords < words.length; block++) {
    const mixed = Math.imul(number ^ Math.imul(block + 1, 0x9e3779b1), 0x85ebca6b);
    words.fill(mixed ^ (mixed >>> 13), block * blockWords, (block + 1) * blockWords);
  }
  const bytes = new Uint8Array(words.buffer, 0, size);
  bytes.set(first);
  return bytes.byteLength === words.byteLength ? bytes : bytes.slice();
}

function firstLine(number: number, size: number): Uint8Array {
  return new TextEncoder().encode(`${number}:${size}\n`);
}

/** Which value this is; undefined when it is none, or not the whole of one and nothing else. */
export function numberOf(bytes: Uint8Array): number | undefined {
  const line = new TextDecoder("latin1").decode(bytes.subarray(0, 40));
  const [, number, length] = /^(\d+):(\d+)\n/.exec(line) ?? [];
  if (number === undefined || Number(length) !== bytes.byteLength) return undefined;
  const whole = numbered(Number(number), bytes.byteLength);
  return Buffer.compare(whole, bytes) === 0 ? Number(number) : undefined;
}
