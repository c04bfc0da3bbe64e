import { setTimeout as wait } from "node:timers/promises";
import type { PoolLike } from "@laila/pool";
import { expect, it } from "vitest";
import { Child } from "./children.js";
import { listed, newDirectory, poolAt, text } from "./rooms.js";

const rounds = 20;

/** What each key may hold: what was acknowledged last, and what was begun after it. */
type Model = Map<string, Set<string>>;

function follow(model: Model, lines: readonly string[]): void {
  for (const line of lines) {
    const [, verb, key = "", state = ""] = /^(intend|done) (.*)\|(.*)$/.exec(line) ?? [];
    if (verb === "done") model.set(key, new Set([state]));
    else if (verb === "intend") {
      const states = model.get(key) ?? new Set(["gone"]);
      model.set(key, states.add(state));
    }
  }
}

/** Checks every key, and takes what is there as what is true from now on. */
async function check(pool: PoolLike, model: Model, where: string): Promise<void> {
  const keys = new Set(await listed(pool));
  for (const [key, states] of model) {
    const value = text(await pool.read(key));
    const state = value === undefined ? "gone" : (/^(\d+):\.*$/.exec(value)?.[1] ?? "torn");
    expect([...states], `${where}: ${key}`).toContain(state);
    expect(keys.has(key), `${where}: ${key} in the listing`).toBe(state !== "gone");
    model.set(key, new Set([state]));
  }
  for (const key of keys) expect(model.has(key), `${where}: ${key} was never written`).toBe(true);
}

it(`loses nothing that was acknowledged in ${rounds} rounds of kill -9`, async () => {
  const directory = await newDirectory();
  const model: Model = new Map();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const names = ["one", "two"].slice(0, 1 + (round % 2));
    const children = names.map(
      (name, i) => new Child({ do: "write and delete", directory, name, seed: round * 2 + i + 1 }),
    );
    for (const child of children) await child.says("done");
    await wait(Math.random() * 50);
    await Promise.all(children.map((child) => child.kill()));
    for (const { lines } of children) follow(model, lines);
    acknowledged += children.reduce((sum, child) => sum + child.count("done"), 0);
    const pool = poolAt(directory);
    await check(pool, model, `round ${round}`);
    await pool.close();
  }
  expect(acknowledged).toBeGreaterThan(rounds);
}, 120_000);
