import { isLailaError, type ReadManyResult } from "@laila/pool";
import type { S3Pool } from "@laila/pool-s3";
import { bytesOf, type Mark, Model } from "./soak-model.js";

/** What the operations of a soak ended with, by their name and code. */
export type Tally = Map<string, number>;

/** Failures that a server which fails now and then may cause. */
const allowed = ["UNAVAILABLE", "TIMEOUT", "CORRUPT", "CLOCK_SKEW", "CONFLICT"] as const;

const keyCount = 12;

export interface Task {
  readonly pool: S3Pool;
  readonly signal: AbortSignal;
  readonly index: number;
  readonly random: (below: number) => number;
  readonly tally: Tally;
  /** Values so large that they go in parts. */
  readonly largeBytes: number;
}

/** Makes one operation after another on keys of its own, and compares every answer with its model. */
export class Writer {
  readonly model = new Model();
  readonly #task: Task;
  readonly #prefix: string;
  #next = 0;

  constructor(task: Task) {
    this.#task = task;
    this.#prefix = `writer ${task.index}/`;
  }

  async step(): Promise<void> {
    const act = this.#task.random(100);
    if (act < 25) await this.#write(this.#key());
    else if (act < 50) await this.#read(this.#key());
    else if (act < 58) await this.#delete(this.#key());
    else if (act < 66) await this.#exists(this.#key());
    else if (act < 73) await this.#writeIfAbsent(this.#key());
    else if (act < 82) await this.#writeIfVersion(this.#key());
    else if (act < 87) await this.#writeMany(this.#keys());
    else if (act < 93) await this.#readMany(this.#keys());
    else if (act < 96) await this.#deleteMany(this.#keys());
    else await this.#list();
  }

  /** Every key, and the listing, when nothing fails any more. */
  async verify(): Promise<void> {
    const all = Array.from({ length: keyCount }, (_, i) => `${this.#prefix}${i}`);
    for (const key of all) this.model.found(key, (await this.#task.pool.read(key))?.bytes);
    await this.#list();
  }

  async #read(key: string): Promise<void> {
    const found = await this.#told("read", () => this.#task.pool.read(key, this.#options));
    if (found) this.model.found(key, found.value?.bytes);
  }

  async #exists(key: string): Promise<void> {
    const found = await this.#told("exists", () => this.#task.pool.exists(key, this.#options));
    if (found) this.model.there(key, found.value);
  }

  async #write(key: string): Promise<void> {
    const mark = this.#mark();
    const write = () => this.#task.pool.write(key, bytesOf(mark), this.#options);
    if (await this.#told("write", write)) this.model.is(key, mark);
    else this.model.mayBe(key, mark);
  }

  async #writeIfAbsent(key: string): Promise<void> {
    const mark = this.#mark();
    try {
      await this.#task.pool.write(key, bytesOf(mark), {
        ...this.#options,
        condition: { ifAbsent: true },
      });
      this.model.there(key, false);
      this.model.is(key, mark);
      this.#count("ifAbsent", "done");
    } catch (error) {
      this.#count("ifAbsent", codeOf(error));
      // Nobody else writes here: what is there was there.
      if (isLost(error)) this.model.there(key, true);
      else this.model.mayBe(key, mark);
    }
  }

  async #writeIfVersion(key: string): Promise<void> {
    const found = await this.#told("read", () => this.#task.pool.read(key, this.#options));
    if (!found) return;
    this.model.found(key, found.value?.bytes);
    const version = found.value?.version;
    if (version === undefined) return;
    const mark = this.#mark();
    try {
      await this.#task.pool.write(key, bytesOf(mark), {
        ...this.#options,
        condition: { ifVersion: version },
      });
      this.model.is(key, mark);
      this.#count("ifVersion", "done");
    } catch (error) {
      this.#count("ifVersion", codeOf(error));
      if (isLost(error)) {
        throw new Error(`${key} had this version, and nobody else writes it.`, { cause: error });
      }
      this.model.mayBe(key, mark);
    }
  }

  async #delete(key: string): Promise<void> {
    const gone = await this.#told("delete", () => this.#task.pool.delete(key, this.#options));
    if (gone) this.model.is(key, undefined);
    else this.model.mayBe(key, undefined);
  }

  async #writeMany(keys: readonly string[]): Promise<void> {
    const items = keys.map((key) => ({ key, mark: this.#mark() }));
    const told = await this.#task.pool.writeMany(
      items.map(({ key, mark }) => ({ key, bytes: bytesOf(mark) })),
      this.#options,
    );
    for (const [i, { key, mark }] of items.entries()) {
      const error = told[i]?.error;
      this.#count("writeMany", error === undefined ? "done" : codeOf(error));
      if (error === undefined) this.model.is(key, mark);
      else this.model.mayBe(key, mark);
    }
  }

  async #readMany(keys: readonly string[]): Promise<void> {
    const told: ReadManyResult[] = [];
    for await (const one of this.#task.pool.readMany(keys, this.#options)) told.push(one);
    if (told.length !== keys.length) throw new Error("Not every key was answered.");
    for (const { key, result, error } of told) {
      this.#count("readMany", error === undefined ? "done" : codeOf(error));
      if (error === undefined) this.model.found(key, result?.bytes);
    }
  }

  async #deleteMany(keys: readonly string[]): Promise<void> {
    for (const { key, error } of await this.#task.pool.deleteMany(keys, this.#options)) {
      this.#count("deleteMany", error === undefined ? "done" : codeOf(error));
      if (error === undefined) this.model.is(key, undefined);
      else this.model.mayBe(key, undefined);
    }
  }

  async #list(): Promise<void> {
    const listed = await this.#told("keys", async () => {
      const keys: string[] = [];
      const options = { ...this.#options, prefix: this.#prefix };
      for await (const key of this.#task.pool.keys(options)) keys.push(key);
      return keys;
    });
    if (!listed) return;
    const there = new Set(listed.value);
    if (there.size !== listed.value.length) throw new Error("A key was listed twice.");
    for (const key of this.model.keys()) this.model.there(key, there.has(key));
    for (const key of there) this.model.there(key, true);
  }

  /** What it gave, or undefined after a failure of an allowed kind. */
  async #told<T>(name: string, act: () => Promise<T>): Promise<{ value: T } | undefined> {
    try {
      const value = await act();
      this.#count(name, "done");
      return { value };
    } catch (error) {
      this.#count(name, codeOf(error));
      return undefined;
    }
  }

  #count(name: string, what: string): void {
    const counted = `${name}: ${what}`;
    this.#task.tally.set(counted, (this.#task.tally.get(counted) ?? 0) + 1);
  }

  get #options() {
    return { signal: this.#task.signal };
  }

  #key(): string {
    return `${this.#prefix}${this.#task.random(keyCount)}`;
  }

  #keys(): string[] {
    return [...new Set([this.#key(), this.#key(), this.#key(), this.#key()])];
  }

  #mark(): Mark {
    const { index, random, largeBytes } = this.#task;
    this.#next += 1;
    const id = index * 100_000 + this.#next;
    const kind = random(1000);
    if (kind < 3) return { id, size: largeBytes + random(1000) };
    if (kind < 30) return { id, size: 1_000_000 + random(1000) };
    return { id, size: 16 + random(kind < 300 ? 100_000 : 2000) };
  }
}

/** The code of a failure that may be; any other is thrown on. */
export function codeOf(error: unknown): string {
  if (isLailaError(error, ...allowed)) return error.code;
  throw error;
}

export const isLost = (error: unknown): boolean =>
  isLailaError(error, "CONFLICT") && error.details.outcome === "lost";
