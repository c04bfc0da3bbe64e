import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { isLailaError } from "@laila/schema";
import type { ManyResult, PoolClass, PoolLike, PoolOptions } from "../contract.js";
import { withLayers } from "../layers/with-layers.js";
import { fail } from "./assertions.js";
import { increment } from "./conditions.js";
import {
  type DurabilityReport,
  type DurabilityTask,
  parseTask,
  type State,
} from "./durability-protocol.js";
import { numbered } from "./numbered.js";

/** How many keys each writer goes back to: few, so that most writes are overwrites. */
const keysPerWriter = 8;

/** The class (a pool's layers are put around it), or a function for pools that are put together otherwise. */
export type PoolMaker<Config> =
  | PoolClass
  | ((config: Config, options: PoolOptions) => PoolLike | Promise<PoolLike>);

/**
 * The whole of a program that the conformance suite starts and kills: it makes the pool that the suite
 * names on standard input, and writes and deletes in it until its end, telling on standard output what it
 * is about to do and what was acknowledged. It ends when it is killed, and when the pool fails.
 */
export async function runDurabilityChild<Config = never>(
  make: PoolMaker<Config>,
  pipes: { readonly input: Readable; readonly output: Writable } = {
    input: process.stdin,
    output: process.stdout,
  },
): Promise<void> {
  const { output } = pipes;
  /** Resolves when the line is on its way: what is told so is told before what follows. */
  const say = (report: DurabilityReport): Promise<void> =>
    new Promise((resolve, reject) => {
      output.write(`${JSON.stringify(report)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  try {
    const task = parseTask(await firstLine(pipes.input));
    const options = { globalId: task.global_id } as PoolOptions;
    const pool = isClass(make)
      ? withLayers(new make(task.config, options), task.layers)
      : await make(task.config as Config, options);
    await say({ event: "opening" });
    await pool.open();
    await say({ event: "ready" });
    if (task.increments !== undefined) {
      for (let i = 0; i < task.increments; i++) await increment(pool, "counter");
      await say({ event: "counted" });
      await pool.close();
      return;
    }
    const indices = Array.from({ length: task.writers }, (_, i) => i);
    await Promise.all(indices.map((index) => new Writer(pool, task, index, say).run()));
  } catch (error) {
    const message = isLailaError(error) ? `${error.code}: ${error.message}` : String(error);
    await say({ event: "failed", message });
    process.exitCode = 1;
  }
}

/** One after another, on keys of its own, in an order that follows from the seed. */
class Writer {
  readonly #pool: PoolLike;
  readonly #task: DurabilityTask;
  readonly #keys: readonly string[];
  readonly #say: (report: DurabilityReport) => Promise<void>;
  readonly #random: (below: number) => number;
  #number: number;

  constructor(
    pool: PoolLike,
    task: DurabilityTask,
    index: number,
    say: (report: DurabilityReport) => Promise<void>,
  ) {
    this.#pool = pool;
    this.#task = task;
    this.#say = say;
    this.#keys = Array.from({ length: keysPerWriter }, (_, i) => `writer ${index}, key ${i}`);
    this.#random = randomOf(task.seed * 64 + index + 1);
    this.#number = task.first_number + index * 10_000;
  }

  async run(): Promise<never> {
    for (;;) {
      const act = this.#random(10);
      if (act < 2) await this.#delete(this.#some(1));
      else if (act === 2) await this.#delete(this.#some(3));
      else if (act === 3) await this.#writeMany(this.#some(3));
      else if (act === 4 && this.#task.conditions) await this.#writeIf(this.#some(1));
      else await this.#write(this.#some(1));
    }
  }

  async #write([key = ""]: readonly string[]): Promise<void> {
    const { number, bytes } = this.#next();
    await this.#begin(key, number);
    await this.#pool.write(key, bytes);
    await this.#say({ event: "done", key });
  }

  /** A condition that holds, unless what an earlier child began is done only now. */
  async #writeIf([key = ""]: readonly string[]): Promise<void> {
    const found = await this.#pool.read(key);
    const condition = found ? { ifVersion: found.version ?? "" } : ({ ifAbsent: true } as const);
    const { number, bytes } = this.#next();
    await this.#begin(key, number);
    try {
      await this.#pool.write(key, bytes, { condition });
    } catch (error) {
      if (!isLailaError(error, "CONFLICT") || error.details.outcome !== "lost") throw error;
      await this.#say({ event: "refused", key });
      return;
    }
    await this.#say({ event: "done", key });
  }

  async #writeMany(keys: readonly string[]): Promise<void> {
    const items = keys.map((key) => ({ key, ...this.#next() }));
    for (const { key, number } of items) await this.#begin(key, number);
    await this.#answered(await this.#pool.writeMany(items));
  }

  async #delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#begin(key, "gone");
    const [only = ""] = keys;
    if (keys.length > 1) await this.#answered(await this.#pool.deleteMany(keys));
    else {
      await this.#pool.delete(only);
      await this.#say({ event: "done", key: only });
    }
  }

  async #answered(results: readonly ManyResult[]): Promise<void> {
    for (const { key, error } of results) {
      if (error !== undefined) throw error;
      await this.#say({ event: "done", key });
    }
  }

  #begin(key: string, state: State): Promise<void> {
    return this.#say({ event: "begin", key, state });
  }

  /** Mostly small, now and then some ten thousand bytes, rarely up to a million. */
  #next(): { readonly number: number; readonly bytes: Uint8Array } {
    const number = ++this.#number;
    const kind = this.#random(50);
    const most = kind === 0 ? 1_000_000 : kind < 6 ? 60_000 : 2000;
    return { number, bytes: numbered(number, this.#random(most)) };
  }

  #some(count: number): string[] {
    const start = this.#random(this.#keys.length);
    return Array.from({ length: count }, (_, i) => {
      return this.#keys[(start + i) % this.#keys.length] ?? "";
    });
  }
}

function isClass<Config>(make: PoolMaker<Config>): make is PoolClass {
  return "configSchema" in make;
}

async function firstLine(input: Readable): Promise<string> {
  const lines = createInterface({ input });
  for await (const line of lines) return line;
  return fail("The suite said nothing to its durability child.");
}

/** mulberry32: small, and the same in every run of a seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
