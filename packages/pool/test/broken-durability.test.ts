import { type ChildProcess, spawn } from "node:child_process";
import type { PoolLike } from "@laila/pool";
import { withTransforms } from "@laila/pool/layers";
import { describe, expect, it } from "vitest";
import { failures } from "./support/broken.js";
import { FilePool, type faults } from "./support/file-pool.js";
import { filePools } from "./support/file-pools.js";

const kills = "has every acknowledged write after 12 kills of a writing child";

/** Each loses something when its process is killed, some also when they are closed. */
const broken: Record<(typeof faults)[number], string[]> = {
  "returns while the write is only in memory": [kills],
  "loses the last write": [kills, "has everything when it is opened again"],
  "forgets deletes": [kills, "has everything when it is opened again"],
  "trusts the torn end of its file": [kills],
  "leaves its lock behind": [kills],
};
const names = [kills, /^has everything/].map((name) => new RegExp(name));

describe("the conformance suite", () => {
  for (const [fault, found] of Object.entries(broken)) {
    it(`finds a durable pool that ${fault}, by "${found[0]}"`, async () => {
      const options = filePools(fault as (typeof faults)[number]);
      expect((await failures({ ...options, rounds: 12 }, names)).sort()).toEqual(found.sort());
    });
  }

  it("is content with a durable pool in layers, which its child puts around it too", async () => {
    const options = filePools();
    const around = (pool: PoolLike): PoolLike =>
      withTransforms(pool, [{ gzip: {} }, { encrypt: { keyId: "k", key: "ab".repeat(32) } }]);
    const failed = await failures(
      {
        ...options,
        create: async () => {
          const { pool, ...rest } = await options.create();
          return { pool: around(pool), ...rest };
        },
        supports: around(new FilePool({ directory: "" })).supports,
        poolClass: FilePool,
        rounds: 4,
      },
      [/kills/, /^has everything/, /^supports what/],
    );
    expect(failed).toEqual([]);
  });

  it.each([
    ["a program that is not there", { command: "/nowhere/at-all" }],
    ["a program that ends", { command: process.execPath, args: ["-e", ""] }],
    [
      "a program that says something else",
      { command: process.execPath, args: ["-e", "console.log('hello')"] },
    ],
    [
      "a process without pipes",
      (): ChildProcess => spawn(process.execPath, ["-e", ""], { stdio: "ignore" }),
    ],
  ])("is not content with %s for a child", async (_, child) => {
    const failed = await failures({ ...filePools(), child, rounds: 1 }, [/kills/]);
    expect(failed).toEqual(["has every acknowledged write after 1 kills of a writing child"]);
  });
});
