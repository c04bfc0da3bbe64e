import { inspect } from "node:util";
import { isLailaError, type LailaError } from "@laila/pool";
import { expect } from "vitest";

/** The LailaError that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<LailaError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`It resolved with ${inspect(outcome.value)}.`);
  if (!isLailaError(outcome.error)) throw outcome.error;
  return outcome.error;
}

/** Everything that can be seen of an error or a pool, to search for secrets. */
function shown(what: unknown): string {
  const seen = [
    inspect(what, { depth: 10, showHidden: true }),
    inspect(what, { depth: 10, getters: true }),
    JSON.stringify(what),
    String(what),
  ];
  for (let error = what; error instanceof Error; error = error.cause) {
    seen.push(
      error.message,
      error.stack ?? "",
      JSON.stringify(Object.getOwnPropertyDescriptors(error)),
    );
  }
  return seen.join("\n");
}

export function expectNoSecret(what: unknown, secrets: readonly string[]): void {
  const text = shown(what);
  for (const secret of secrets)
    expect(text.includes(secret), `shows a secret: ${text.slice(0, 400)}`).toBe(false);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
