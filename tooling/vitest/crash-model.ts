import { expect } from "vitest";

/** What is asked of a pool after a crash. */
interface ReadablePool {
  read(key: string): Promise<{ readonly bytes: Uint8Array } | undefined>;
  keys(): AsyncIterable<string>;
}

/**
 * What each key may hold: what was acknowledged last, and what was begun after it. A state is the number that a value
 * begins with, or `gone`.
 */
export type Model = Map<string, Set<string>>;

/** Follows what children say: `intend KEY|STATE` before a change, `done KEY|STATE` when it was acknowledged. */
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

/** The state that a key is in; `torn` for a value that nobody wrote. */
async function stateOf(pool: ReadablePool, key: string): Promise<string> {
  const found = await pool.read(key);
  const value = found && new TextDecoder().decode(found.bytes);
  return value === undefined ? "gone" : (/^(\d+):\.*$/.exec(value)?.[1] ?? "torn");
}

/** Checks every key and the listing, and takes what is there as what is true from now on. */
export async function check(pool: ReadablePool, model: Model, where: string): Promise<void> {
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
