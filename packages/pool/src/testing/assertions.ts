import { inspect } from "node:util";
import { type ErrorCode, isLailaError, type LailaError } from "@laila/schema";

/** A promise of the contract that was not kept. Test runners show `expected` and `actual` side by side. */
class ConformanceFailure extends Error {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(
    message: string,
    seen: { expected?: unknown; actual?: unknown; cause?: unknown } = {},
  ) {
    super(message, seen.cause === undefined ? undefined : { cause: seen.cause });
    this.name = "AssertionError";
    this.expected = seen.expected;
    this.actual = seen.actual;
  }
}

export function fail(message: string, cause?: unknown): never {
  throw new ConformanceFailure(message, { cause });
}

export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new ConformanceFailure(message);
}

/** Compares by what `inspect` shows, which tells -0 from 0, undefined from absent, and a class from a plain object. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected) || show(actual) === show(expected)) return;
  throw new ConformanceFailure(`${what}: expected ${brief(expected)}, got ${brief(actual)}.`, {
    actual,
    expected,
  });
}

/** Says where two byte strings part, instead of printing megabytes. */
export function equalBytes(
  actual: Uint8Array | undefined,
  expected: Uint8Array,
  what: string,
): void {
  if (actual === undefined)
    fail(`${what}: expected ${expected.byteLength} bytes, the pool says it is not there.`);
  check(actual instanceof Uint8Array, `${what}: expected a Uint8Array, got ${brief(actual)}.`);
  const length = Math.min(actual.byteLength, expected.byteLength);
  let at = 0;
  while (at < length && actual[at] === expected[at]) at++;
  if (at < length) {
    fail(
      `${what}: byte ${at} of ${expected.byteLength} is ${actual[at]}, it was written as ${expected[at]}.`,
    );
  }
  if (actual.byteLength !== expected.byteLength) {
    fail(`${what}: ${expected.byteLength} bytes were written, ${actual.byteLength} came back.`);
  }
}

/** Two sets of keys, in any order; names what is missing, foreign, or there twice. */
export function equalKeys(
  actual: readonly string[],
  expected: Iterable<string>,
  what: string,
): void {
  const seen = new Set(actual);
  const wanted = new Set(expected);
  const missing = [...wanted].filter((key) => !seen.has(key));
  const foreign = [...seen].filter((key) => !wanted.has(key));
  const told = [
    missing.length > 0
      ? `${missing.length} of ${wanted.size} missing (${brief(missing.slice(0, 5))})`
      : "",
    foreign.length > 0
      ? `${foreign.length} that should not be there (${brief(foreign.slice(0, 5))})`
      : "",
    seen.size < actual.length ? `${actual.length - seen.size} listed more than once` : "",
  ].filter((text) => text !== "");
  if (told.length > 0) fail(`${what}: ${told.join("; ")}.`);
}

/** The error a promise is rejected with; fails when it resolves or when the code is another. */
export async function rejection(
  promise: Promise<unknown>,
  codes: readonly ErrorCode[],
  what: string,
): Promise<LailaError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (isLailaError(error, ...codes)) return error;
    const got = isLailaError(error) ? `${error.code} (${error.message})` : brief(error);
    return fail(`${what}: expected the LailaError ${codes.join(" or ")}, got ${got}.`, error);
  }
  return fail(
    `${what}: expected the LailaError ${codes.join(" or ")}, but it resolved with ${brief(value)}.`,
  );
}

/** Fails instead of hanging. The time is a guard against deadlocks, not a promise about speed. */
export async function settles<T>(promise: Promise<T>, what: string, seconds = 15): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ConformanceFailure(`${what}: nothing came back within ${seconds} seconds.`)),
      seconds * 1000,
    );
  });
  try {
    return await Promise.race([promise, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

/** Array.fromAsync, which Node 20 has not. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** For messages. */
function brief(value: unknown): string {
  const text = show(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function show(value: unknown): string {
  return inspect(value, { depth: 12, maxArrayLength: 5000, maxStringLength: 20_000, sorted: true });
}
