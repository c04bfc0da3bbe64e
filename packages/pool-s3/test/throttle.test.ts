import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { S3Pool } from "@laila/pool-s3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Throttle } from "../src/throttle.js";
import { collect } from "./reports.js";

/** A server that answers when it is told to, and so shows how many requests come at once. */
class Held {
  readonly held: ServerResponse[] = [];
  /** Codes of the next answers; behind them, there is no such key. */
  readonly refusals: (readonly [number, string])[] = [];
  hold = true;
  endpoint = "";
  readonly #http = createServer((_, reply) => {
    if (this.hold) this.held.push(reply);
    else this.#answer(reply);
  });

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.endpoint = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
    return this;
  }

  /** Answers what is held, and from now on at once. */
  release(): void {
    this.hold = false;
    for (const reply of this.held.splice(0)) this.#answer(reply);
  }

  close(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#http.close(resolve);
      this.#http.closeAllConnections();
    });
  }

  #answer(reply: ServerResponse): void {
    const [status, code] = this.refusals.shift() ?? [404, "NoSuchKey"];
    reply.writeHead(status, { "Content-Type": "application/xml" });
    reply.end(`<Error><Code>${code}</Code><Message>told to</Message></Error>`);
  }
}

let server: Held;
let pool: S3Pool;
const connections = 12;
beforeEach(async () => {
  server = await new Held().open();
  pool = new S3Pool({
    endpoint: server.endpoint,
    bucketName: "bucket",
    accessKeyId: "AKIDEXAMPLE-1",
    secretAccessKey: "wJalrXUtnFEMI-1",
    maxConnections: connections,
  });
});
afterEach(async () => {
  server.release();
  await pool.close();
  await server.close();
});

const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
const soon = { timeout: 20_000 };

/** How many requests of one call are under way at once. */
async function atOnce(act: () => Promise<unknown>, expected: number): Promise<number> {
  server.hold = true;
  const acting = act();
  await vi.waitFor(() => expect(server.held.length).toBeGreaterThanOrEqual(expected), soon);
  // Who else wants to come, comes now.
  await setTimeout(50);
  const count = server.held.length;
  server.release();
  await acting;
  return count;
}

async function readMany(some: readonly string[]): Promise<void> {
  const found = await collect(pool.readMany(some));
  expect(found.filter(({ error }) => error !== undefined)).toEqual([]);
}

describe("the throttle", () => {
  it("halves its places once for a burst, keeps one, and gains them back with successes", async () => {
    const throttle = new Throttle(16);
    for (let i = 0; i < 10; i++) throttle.slow();
    expect(throttle.limit).toBe(8);
    for (let i = 0; i < 6; i++) {
      await setTimeout(110);
      throttle.slow();
    }
    expect(throttle.limit).toBe(1);
    let successes = 0;
    for (let before = 1; throttle.limit < 16; successes++) {
      throttle.succeeded();
      expect(throttle.limit).toBeGreaterThanOrEqual(before);
      before = throttle.limit;
    }
    // Slowly enough to meet the server's limit gently, and soon enough to be there again.
    expect(successes).toBeGreaterThan(16);
    expect(successes).toBeLessThan(500);
    throttle.succeeded();
    expect(throttle.limit).toBe(16);
  });
});

it("a pool that is answered 503 or 429 has fewer requests under way until the server has room again", async () => {
  expect(await atOnce(() => readMany(keys), connections)).toBe(connections);
  // The SDK tries each of these again by itself, and the whole pool slows down all the same.
  for (const refusal of [
    [503, "SlowDown"],
    [429, "TooManyRequests"],
  ] as const) {
    server.refusals.push(refusal);
    await readMany(["k"]);
    await setTimeout(110);
  }
  expect(await atOnce(() => readMany(keys.slice(0, 8)), 3)).toBeLessThanOrEqual(5);
  for (let i = 0; i < 5; i++) await readMany(keys);
  expect(await atOnce(() => readMany(keys), connections)).toBe(connections);
});

it.each<[string, () => Promise<unknown>]>([
  ["readMany", () => readMany(keys)],
  ["reads", () => Promise.all(keys.map((key) => pool.read(key)))],
  ["writeMany", () => pool.writeMany(keys.map((key) => ({ key, bytes: new Uint8Array(1) })))],
  ["deletes", () => Promise.all(keys.map((key) => pool.delete(key)))],
])("%s use all connections, and no more", async (_, act) => {
  expect(await atOnce(act, connections)).toBe(connections);
});

it("deleteMany of a thousand keys is one request", async () => {
  const many = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  expect(await atOnce(() => pool.deleteMany(many), 1)).toBe(1);
});
