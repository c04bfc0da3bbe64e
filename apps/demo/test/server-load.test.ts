import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { constant, encodeRecord } from "@laila/schema";
import { afterAll, expect, test } from "vitest";
import type { KeysEnd, Life, Memorized, OperationsEvent } from "../src/api.js";
import { startDemo } from "./server.js";

const clients = 50;
const entries = 100_000;
const mebibyte = 2 ** 20;

const demo = await startDemo("--entries", String(entries), "--pools", "60");
afterAll(() => demo.stop());
const many = await demo.pool("many");
const alpha = await demo.pool("cache-01");

/** What both processes have in memory, in bytes. */
async function memory(): Promise<{ keeper: number; setup: number }> {
  const { pid } = await demo.life();
  const of = async (process: number | null | undefined): Promise<number> => {
    const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(process)]);
    return Number(stdout) * 1024;
  };
  return { keeper: await of(demo.process.pid), setup: await of(pid) };
}

/** A page that listens: gives what hears it out, until it was told of the key `last`. */
async function listen(last: string): Promise<() => Promise<Set<string>>> {
  const { chunks } = await demo.open("/api/events");
  return async () => {
    const keys = new Set<string>();
    let rest = "";
    for await (const chunk of chunks) {
      const parts = (rest + chunk.toString()).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const [, data] = /^event: operations\ndata: (.+)$/.exec(part) ?? [];
        if (data === undefined) continue;
        for (const { key } of (JSON.parse(data) as OperationsEvent).operations) keys.add(key);
      }
      if (keys.has(last)) break;
    }
    return keys;
  };
}

async function drained(chunks: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

async function memorize(nickname: string): Promise<string> {
  const entry = constant(nickname, { nickname });
  const path = `/api/pools/${alpha}/entries/${entry.globalId}`;
  await demo.json(path, { method: "PUT", body: Buffer.from(encodeRecord(entry)) });
  return entry.globalId;
}

test("fifty pages listen, and each is told of everything", async () => {
  const last = constant("last", { nickname: "last" }).globalId;
  const pages = await Promise.all(Array.from({ length: clients }, () => listen(last)));
  const told = Promise.all(pages.map((hear) => hear()));
  const keys: string[] = [];
  for (let i = 0; i < 30; i++) keys.push(await memorize(`number ${i}`));
  await memorize("last");
  for (const some of await told) expect(keys.filter((key) => !some.has(key))).toEqual([]);
});

test("a hundred thousand keys are listed to several at once, in bounded memory", async () => {
  const before = await memory();
  const lists = await Promise.all(
    Array.from({ length: 5 }, () => demo.lines<string[] | KeysEnd>(`/api/pools/${many}/keys`)),
  );
  const after = await memory();
  for (const list of lists) {
    expect(list.pop()).toEqual({ total: entries });
    expect(new Set((list as string[][]).flat()).size).toBe(entries);
  }
  // One list is 6 MiB; what is not read is not made.
  expect(after.keeper - before.keeper).toBeLessThan(150 * mebibyte);
  expect(after.setup - before.setup).toBeLessThan(150 * mebibyte);
});

test("a page that does not read costs little, and hears what counts when it does", async () => {
  const { chunks } = await demo.open("/api/events");
  const body = { poolId: await demo.pool("local"), rows: 4_096, columns: 4_096 };
  const { key } = await demo.json<Memorized>("/api/samples/field", { body });
  const { chunks: large } = await demo.open(`/api/pools/${body.poolId}/entries/${key}`);
  const before = await memory();
  await demo.json("/api/traffic", { body: { perSecond: 100 } });
  for (let i = 0; i < 40; i++) await memorize("again and again");
  await demo.json("/api/traffic", { body: { perSecond: 4 } });
  const after = await memory();
  expect(after.keeper - before.keeper).toBeLessThan(150 * mebibyte);

  await demo.json<Life>("/api/life/kill", { body: { deleteFiles: false } });
  for await (const chunk of chunks) if (chunk.toString().includes('"state":"down"')) break;
  // The process that gave it is gone: it breaks off, and does not end as if it were whole.
  await expect(drained(large)).rejects.toThrow();
});

test("sixty pools come back like five", async () => {
  const steps = await demo.lines<object>("/api/life/recover", { body: { name: "demo" } });
  expect(steps.at(-1)).toMatchObject({ step: "remember" });
  expect(steps.at(-1)).not.toHaveProperty("failure");
  expect((await demo.life()).state).toBe("running");
});
