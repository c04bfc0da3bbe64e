import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpenDALPool } from "@laila/pool-opendal";
import { Operator } from "opendal";
import { afterEach, beforeEach, expect, it } from "vitest";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-opendal-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("says LOCKED while somebody outside of the pools has the directory", async () => {
  const datadir = join(directory, "values");
  await mkdir(datadir);
  const foreign = new Operator("sled", { datadir });
  const pool = new OpenDALPool({ scheme: "sled", directory });
  await expect(pool.write("a", Uint8Array.of(1))).rejects.toMatchObject({ code: "LOCKED" });
  expect(await foreign.list("")).toEqual([]);
  await pool.close();
});

it("is one pool's at a time, and the next one's when that is closed", async () => {
  const first = new OpenDALPool({ scheme: "sled", directory });
  const second = new OpenDALPool({ scheme: "sled", directory });
  await first.write("a", Uint8Array.of(1));
  await expect(second.read("a")).rejects.toMatchObject({ code: "LOCKED" });
  await first.close();
  expect((await second.read("a"))?.bytes).toEqual(Uint8Array.of(1));
  await second.close();
});
