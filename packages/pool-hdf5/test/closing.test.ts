import { dirname, join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { bytes, companions, newFile, poolAt, rejection, text } from "./rooms.js";

afterEach(() => vi.restoreAllMocks());

it("waits for a verification and an export that are under way", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`);
  await pool.writeMany(keys.map((key) => ({ key, bytes: bytes(key) })));
  const verifying = pool.verify();
  const exporting = pool.exportSnapshot(join(dirname(file), "export.h5"));
  await pool.exists("key 1");
  const closing = pool.close();
  expect(await verifying).toMatchObject({ entries: 300, damage: [] });
  expect(await exporting).toMatchObject({ damaged: [] });
  await closing;
  expect((await rejection(pool.verify())).code).toBe("CLOSED");
});

it("keeps the journals while nobody knows that the snapshot's name is durable", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.write("a", bytes("first"));
  const { rename, open } = files;
  const failed = (): Promise<never> =>
    Promise.reject(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }));
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  vi.spyOn(files, "rename").mockImplementation((from, to) =>
    String(from).endsWith(".sum") ? failed() : rename(from, to),
  );
  const exporting = pool.exportSnapshot(join(dirname(file), "export.h5"));
  expect((await rejection(exporting)).code).toBe("UNAVAILABLE");
  vi.spyOn(files, "open").mockImplementation((path, ...rest) =>
    path === dirname(file) ? failed() : open(path, ...rest),
  );
  expect((await rejection(pool.close())).code).toBe("UNAVAILABLE");
  vi.restoreAllMocks();
  expect((await companions(file)).filter((name) => name.includes("journal"))).not.toEqual([]);
  const again = poolAt(file);
  expect(text(await again.read("a"))).toBe("first");
  await again.close();
  expect((await companions(file)).filter((name) => name.includes("journal"))).toEqual([]);
});
