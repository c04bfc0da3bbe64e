import { setTimeout as wait } from "node:timers/promises";
import type { HDF5Pool } from "@laila/pool-hdf5";
import { expect, it } from "vitest";
import { Child } from "./children.js";
import { crashImage, newFile, poolAt, text } from "./rooms.js";

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
async function check(pool: HDF5Pool, model: Model, where: string): Promise<void> {
  const listed = new Set<string>();
  for await (const key of pool.keys()) listed.add(key);
  for (const [key, states] of model) {
    const value = text(await pool.read(key));
    const state = value === undefined ? "gone" : (/^(\d+):\.*$/.exec(value)?.[1] ?? "torn");
    expect([...states], `${where}: ${key}`).toContain(state);
    expect(listed.has(key), `${where}: ${key} in the listing`).toBe(state !== "gone");
    model.set(key, new Set([state]));
  }
  for (const key of listed) expect(model.has(key), `${where}: ${key} was never written`).toBe(true);
  expect(pool.damage).toEqual([]);
}

it(`loses nothing that was acknowledged in ${rounds} rounds of kill -9`, async () => {
  const file = await newFile();
  const model: Model = new Map();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const child = new Child({
      do: "crash",
      filePath: file,
      seed: round + 1,
      writers: 1 + (round % 8),
      checkpointBytes: 16 * 1024,
    });
    await child.says("ready");
    await wait(Math.random() * 600);
    await child.kill();
    follow(model, child.lines);
    acknowledged += child.lines.filter((line) => line.startsWith("done")).length;
    // Every other time the files are left as they are, so that the next process finds an older mess.
    const pool = poolAt(round % 2 ? await crashImage(file) : file);
    await check(pool, model, `round ${round}`);
    await pool.close();
  }
  expect(acknowledged).toBeGreaterThan(rounds);
}, 120_000);
