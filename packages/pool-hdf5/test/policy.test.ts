import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { record } from "./records.js";
import { bytes, companions, crashImage, newFile, poolAt, text } from "./rooms.js";

const value = record("bytes", new Uint8Array(200_000).fill(7));
const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;

/** Until the file is there with a size that it did not have; the checkpoint runs beside what the caller does. */
async function changed(path: string, before: number | undefined): Promise<number> {
  for (;;) {
    const size = await sizeOf(path).catch(() => undefined);
    if (size !== undefined && size !== before) return size;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("gives back the space of what was deleted, while the pool is open", async () => {
  const path = await newFile();
  const first = poolAt(path);
  for (let i = 0; i < 10; i++) await first.write(`v${i}`, value);
  await first.close();
  const full = await sizeOf(path);
  const pool = poolAt(path, { checkpointBytes: 100_000, reclaimRatio: 0.5 });
  for (let i = 0; i < 4; i++) await pool.delete(`v${i}`);
  expect(await sizeOf(path)).toBe(full);
  await pool.delete("v4");
  await pool.delete("v5");
  const half = await changed(path, full);
  expect(half).toBeLessThan(0.6 * full);
  for (let i = 6; i < 10; i++) expect(await pool.exists(`v${i}`)).toBe(true);
  await pool.close();
});

it("waits until what was deleted is worth it", async () => {
  const path = await newFile();
  const first = poolAt(path);
  for (let i = 0; i < 10; i++) await first.write(`v${i}`, value);
  await first.close();
  const full = await sizeOf(path);
  const options = { checkpointBytes: 1 << 20, reclaimRatio: 1, checkpointOnClose: false };
  const pool = poolAt(path, options);
  for (let i = 0; i < 9; i++) await pool.delete(`v${i}`);
  await pool.close();
  expect(await sizeOf(path)).toBe(full);
  // What was deleted by an earlier process counts too.
  const again = poolAt(path, { ...options, reclaimRatio: 0.5 });
  await again.write("small", bytes("1"));
  expect(await changed(path, full)).toBeLessThan(0.3 * full);
  await again.close();
});

it("leaves the journals beside the file on closing, if it is told to", async () => {
  const path = await newFile();
  const pool = poolAt(path, { checkpointOnClose: false });
  await pool.write("a", bytes("1"));
  await pool.close();
  expect(await companions(path)).toEqual([".journal.1"]);
  const copy = poolAt(await crashImage(path), { checkpointOnClose: false });
  expect(text(await copy.read("a"))).toBe("1");
  const large = poolAt(path, { checkpointOnClose: false, checkpointBytes: 1024 });
  await large.write("b", new Uint8Array(2000));
  await large.close();
  expect(await companions(path)).toEqual(["", ".sum"]);
});

it("does not write the file again when nothing has changed since the last checkpoint", async () => {
  const path = await newFile();
  const pool = poolAt(path);
  await pool.write("a", bytes("1"));
  await pool.exportSnapshot(join(dirname(path), "export.h5"));
  const { ino } = await stat(path);
  await pool.close();
  expect((await stat(path)).ino).toBe(ino);
  expect((await readdir(dirname(path))).sort()).toEqual(["export.h5", "pool.h5", "pool.h5.sum"]);
  const again = poolAt(path);
  expect(text(await again.read("a"))).toBe("1");
  const version = await again.write("a", bytes("2"));
  expect(Number(version)).toBeGreaterThan(1);
});
