import type { PoolLike } from "@laila/pool";
import { expect } from "vitest";
import { text } from "./rooms.js";

/**
 * What each key may hold: what was acknowledged last, and what was begun after it. A state is the number that a value
 * begins with, or `gone`.
 */
export type Model = Map<string, Set<string>>;

/** Follows `intend key|state` and `done key|state`. */
export function follow(model: Model, lines: Iterable<string>): void {
  for (const line of lines) {
    const [, verb, key = "", state = ""] = /^(intend|done) (.*)\|(.*)$/.exec(line) ?? [];
    if (verb === "done") model.set(key, new Set([state]));
    else if (verb === "intend") {
      const states = model.get(key) ?? new Set(["gone"]);
      model.set(key, states.add(state));
    }
  }
}

/** `<number>:` and as many dots as make the length. */
export function numbered(number: number, length: number): Uint8Array {
  return Buffer.from(`${number}:`.padEnd(length, "."));
}

/** The state that a key is in; `torn` for a value that nobody wrote. */
export async function stateOf(pool: PoolLike, key: string): Promise<string> {
  const value = text(await pool.read(key));
  return value === undefined ? "gone" : (/^(\d+):\.*$/.exec(value)?.[1] ?? "torn");
}

/** Checks every key and the listing, and takes what is there as what is true from now on. */
export async function check(pool: PoolLike, model: Model, where: string): Promise<void> {
  const listed = new Set<string>();
  for await (const key of pool.keys()) listed.add(key);
  for (const [key, states] of model) {
    const state = await stateOf(pool, key);
    // Plain comparisons: there are hundreds of thousands of them.
    if (!states.has(state)) expect([...states], `${where}: ${key}`).toContain(state);
    if (listed.has(key) !== (state !== "gone")) {
      expect(listed.has(key), `${where}: ${key} in the listing`).toBe(state !== "gone");
    }
    model.set(key, new Set([state]));
  }
  for (const key of listed) {
    if (!model.has(key)) expect.fail(`${where}: ${key} was never written`);
  }
}
