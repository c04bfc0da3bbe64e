import { copyFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isLailaError } from "@laila/pool";
import { HDF5Pool } from "@laila/pool-hdf5";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Fault, FaultyDisk } from "./faulty-disk.js";
import { check, follow, type Model, numbered, stateOf } from "./model.js";
import { fastDirectory } from "./rooms.js";
import { thorough } from "./thorough.js";

vi.mock("../src/worker-client.js", () => import("./inline-worker.js"));

/** What an operation may say when the disk fails it. */
const codes = ["NO_SPACE", "UNAVAILABLE", "ACCESS_DENIED", "CORRUPT"];

let scratch: string;
/** A closed pool with some values, from which each run begins. */
let prepared: string;
const before: Model = new Map();

beforeAll(async () => {
  scratch = await mkdtemp(join(fastDirectory(), "laila-hdf5-faults-"));
  prepared = join(scratch, "prepared");
  await mkdir(prepared);
  const pool = new HDF5Pool({ filePath: join(prepared, "pool.h5") });
  for (let i = 0; i < 4; i++) {
    await pool.write(`old ${i}`, numbered(i, 100));
    before.set(`old ${i}`, new Set([String(i)]));
  }
  await pool.close();
});
afterAll(() => rm(scratch, { recursive: true }));
beforeEach(() => {
  // Checkpoints that fail say so; here that is the point.
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

async function copyOf(directory: string): Promise<string> {
  const target = await mkdtemp(join(scratch, "copy-"));
  for (const name of await readdir(directory)) {
    if (name.includes(".lock")) continue;
    copyFileSync(join(directory, name), join(target, name));
  }
  return target;
}

async function expectTyped(work: Promise<unknown>, where: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!isLailaError(error)) throw error;
    expect(codes, `${where}: ${error.message}`).toContain(error.code);
    return false;
  }
}

/** Overwrites, deletes, new values, one larger than what is written inline; checkpoints on the way. Any of it may fail. */
async function workload(pool: HDF5Pool, model: Model, where: string): Promise<void> {
  const change = async (
    key: string,
    state: string,
    work: () => Promise<unknown>,
  ): Promise<void> => {
    follow(model, [`intend ${key}|${state}`]);
    if (await expectTyped(work(), `${where}: ${key}`)) follow(model, [`done ${key}|${state}`]);
  };
  for (let i = 0; i < 9; i++) {
    const value = numbered(100 + i, i === 4 ? 70_000 : 500);
    await Promise.all([
      change(`new ${i}`, String(100 + i), () => pool.write(`new ${i}`, value)),
      i % 3 === 0
        ? change(`old ${i / 3}`, "gone", () => pool.delete(`old ${i / 3}`))
        : change("again", String(200 + i), () => pool.write("again", numbered(200 + i, 300))),
    ]);
    // What can be read is right, and what cannot says so.
    for (const key of [`new ${i}`, "old 3"]) {
      await expectTyped(
        (async () => {
          const state = await stateOf(pool, key);
          expect([...(model.get(key) ?? [])], `${where}: reading ${key}`).toContain(state);
        })(),
        where,
      );
    }
  }
}

async function run(fault: Fault): Promise<FaultyDisk> {
  const where = `${fault.code} at ${fault.at}${fault.lasts ? " and after" : ""}`;
  const directory = await copyOf(prepared);
  const filePath = join(directory, "pool.h5");
  const model: Model = new Map([...before].map(([key, states]) => [key, new Set(states)]));
  const disk = new FaultyDisk(directory, fault);
  let image: string;
  try {
    const pool = new HDF5Pool({ filePath, checkpointBytes: 1500 });
    await workload(pool, model, where);
    // What a process that is killed now leaves behind.
    image = await copyOf(directory);
    await expectTyped(pool.close(), `${where}: closing`);
  } finally {
    disk.stop();
  }
  expect(disk.afterFailedSync, `${where}: a file whose sync failed`).toEqual([]);
  const names = await readdir(directory);
  for (const [left, when] of [
    [image, "killed"],
    [directory, "closed"],
  ] as const) {
    const after = new Map([...model].map(([key, states]) => [key, new Set(states)]));
    const found = `${where} (${disk.failed}), ${when}`;
    const again = new HDF5Pool({ filePath: join(left, "pool.h5"), forceUnlock: true });
    await check(again, after, found);
    expect(again.damage, found).toEqual([]);
    await again.write("last", numbered(1, 10));
    after.set("last", new Set(["1"]));
    await again.close();
    const reader = new HDF5Pool({ filePath: join(left, "pool.h5"), readOnly: true });
    await check(reader, after, `${found}, once more`);
    await reader.close();
    await rm(left, { recursive: true });
  }
  expect(
    names.filter((name) => /damaged/.test(name)),
    where,
  ).toEqual([]);
  return disk;
}

it.each([
  ["EIO", false],
  ["EIO", true],
  ["ENOSPC", false],
  ["ENOSPC", true],
  ["EACCES", false],
  ["EACCES", true],
] as const)(
  "%s at any operation (and from there on: %s) loses nothing that was acknowledged",
  async (code, lasts) => {
    const { operations } = await run({ code, at: Number.POSITIVE_INFINITY, lasts });
    expect(operations).toBeGreaterThan(20);
    const step = thorough ? 1 : Math.ceil(operations / 20);
    let runs = 0;
    for (let at = 0; at < operations; at += step) {
      await run({ code, at, lasts });
      runs++;
    }
    if (thorough) console.log(`${code}, lasting ${lasts}: ${operations} operations, ${runs} runs`);
  },
  3_600_000,
);
