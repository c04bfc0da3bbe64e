import { createRequire } from "node:module";
import { afterEach, describe, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { IndexWriter } from "../src/snapshot-index.js";
import { api } from "../src/worker.js";
import { bytes, companions, crashImage, newFile, poolAt, rejection, text } from "./rooms.js";

/** A failure of the operating system. */
function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a disk that is full", () => {
  it("fails the write with NO_SPACE and loses nothing", async () => {
    const file = await newFile();
    const pool = poolAt(file);
    await pool.write("before", bytes("kept"));
    const original = files.writev;
    const spy = vi.spyOn(files, "writev").mockImplementation(async (fd, buffers, position) => {
      // Half of it gets through.
      const first = buffers[0] ?? new Uint8Array(0);
      await original(fd, [first.subarray(0, first.length / 2)], position);
      throw failure("ENOSPC");
    });
    const error = await rejection(pool.write("during", bytes("x".repeat(1000))));
    expect(error.code).toBe("NO_SPACE");
    expect(error.message).toContain(file);
    expect(await pool.read("during")).toBeUndefined();
    spy.mockRestore();
    await pool.write("after", bytes("kept too"));
    const again = poolAt(await crashImage(file));
    expect(text(await again.read("before"))).toBe("kept");
    expect(await again.exists("during")).toBe(false);
    expect(text(await again.read("after"))).toBe("kept too");
    expect(again.damage).toEqual([]);
  });

  it("is found out before a checkpoint begins, and everything stays in the journal", async () => {
    const file = await newFile();
    const pool = poolAt(file);
    await pool.write("a", bytes("kept"));
    const stats = await files.statfs(file.replace("/pool.h5", ""));
    vi.spyOn(files, "statfs").mockResolvedValue({ ...stats, bavail: 0 });
    expect((await rejection(pool.close())).code).toBe("NO_SPACE");
    vi.restoreAllMocks();
    expect(text(await poolAt(file).read("a"))).toBe("kept");
  });

  it("is noticed by the HDF5 library's caller, although the library says nothing", async () => {
    const file = await newFile();
    const disk: { writeSync: (...args: unknown[]) => number } = createRequire(import.meta.url)(
      "node:fs",
    );
    const original = disk.writeSync;
    let budget = 20_000;
    vi.spyOn(disk, "writeSync").mockImplementation((...args) => {
      budget -= Number(args[3]);
      if (budget < 0) throw failure("ENOSPC");
      return original(...args);
    });
    const pool = poolAt(file);
    await pool.write("large", new Uint8Array(100_000));
    const [journal] = (await companions(file)).filter((name) => name.startsWith(".journal"));
    const codec = await import("../src/journal-format.js");
    const { readFile } = await import("node:fs/promises");
    const content = await readFile(`${file}${journal}`);
    const header = codec.decodeHeader(content);
    if (!header) throw new Error("no header");
    const records = new codec.RecordCodec(header);
    const offset = codec.firstRecord + codec.recordBytes + "large".length;
    const crc = records.crc(content.subarray(offset, offset + 100_000));
    const job = {
      path: file,
      target: `${file}.tmp-1`,
      sums: `${file}.sum`,
      mark: { poolId: "00", generation: 1, sequence: 1 },
      insertsOnly: true,
      base: undefined,
      journals: [{ path: `${file}${journal}`, seed: records.seed }],
      keys: ["large"],
      changes: Float64Array.of(0, offset, 100_000, crc, 1),
    };
    await expect(api.checkpoint(job)).rejects.toMatchObject({ code: "NO_SPACE" });
    vi.restoreAllMocks();
    const outcome = await api.checkpoint(job);
    expect(outcome.damaged).toEqual([]);
    const opened = await api.open(job.target);
    expect(opened.mark.generation).toBe(1);
    await api.close(opened.handle);
  });
});

describe("an acknowledgement", () => {
  it("comes after the sync, and what arrives meanwhile shares the next one", async () => {
    const pool = poolAt(await newFile());
    await pool.write("first", bytes("1"));
    const original = files.fdatasync;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const spy = vi.spyOn(files, "fdatasync").mockImplementationOnce(async (fd) => {
      await held;
      await original(fd);
    });
    let acknowledged = false;
    const slow = pool.write("slow", bytes("2")).then(() => {
      acknowledged = true;
    });
    await vi.waitFor(() => expect(spy).toHaveBeenCalledTimes(1), { timeout: 20_000 });
    const crowd = Array.from({ length: 50 }, (_, i) => pool.write(`crowd ${i}`, bytes("3")));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(acknowledged).toBe(false);
    expect(await pool.exists("slow"), "nobody sees what is not durable").toBe(false);
    release();
    await Promise.all([slow, ...crowd]);
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it("of a snapshot's place comes before the journals in it go", async () => {
    const file = await newFile();
    const pool = poolAt(file);
    await pool.write("a", bytes("1"));
    const order: string[] = [];
    for (const name of ["rename", "fsync", "unlink"] as const) {
      const original: (...args: never[]) => Promise<void> = files[name];
      vi.spyOn(files, name).mockImplementation(async (...args: unknown[]) => {
        order.push(`${name} ${String(args[0]).replace(file, "")}`);
        await original(...(args as never[]));
      });
    }
    await pool.close();
    expect(order.map((step) => step.replace(/^fsync \d+$/, "fsync"))).toEqual([
      "rename .tmp-1",
      "rename .tmp-1.sum",
      "fsync",
      "unlink .journal.1",
      "unlink .lock",
    ]);
  });
});

describe("a disk that fails to sync", () => {
  it("fails that batch with UNAVAILABLE; what was acknowledged moves on, and so do the writes", async () => {
    const file = await newFile();
    const pool = poolAt(file);
    await pool.write("kept", bytes("1"));
    await pool.write("deleted", bytes("1"));
    await pool.delete("deleted");
    vi.spyOn(files, "fdatasync").mockRejectedValueOnce(failure("EIO"));
    const error = await rejection(pool.write("unknown", bytes("2")));
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toContain("may or may not");
    expect(await companions(file)).toContain(".journal.2");
    await pool.write("after", bytes("3"));
    const again = poolAt(await crashImage(file));
    for (const each of [pool, again]) {
      expect(text(await each.read("kept"))).toBe("1");
      expect(text(await each.read("after"))).toBe("3");
      expect(await each.exists("deleted")).toBe(false);
      expect(await each.exists("unknown")).toBe(false);
    }
    await pool.close();
    expect(text(await poolAt(file).read("kept"))).toBe("1");
  });

  it("while a checkpoint is under way loses nothing either", async () => {
    const file = await newFile();
    const pool = poolAt(file, { checkpointBytes: 2048 });
    const original = files.rename;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const rename = vi.spyOn(files, "rename").mockImplementationOnce(async (from, to) => {
      await held;
      await original(from, to);
    });
    const kept = Array.from({ length: 6 }, (_, i) => `kept ${i}`);
    for (const key of kept) await pool.write(key, new Uint8Array(400).fill(7));
    await vi.waitFor(() => expect(rename).toHaveBeenCalled(), { timeout: 20_000 });
    await pool.delete("kept 0");
    vi.spyOn(files, "fdatasync").mockRejectedValueOnce(failure("EIO"));
    const failed = rejection(pool.write("unknown", bytes("2")));
    release();
    expect((await failed).code).toBe("UNAVAILABLE");
    await pool.write("after", bytes("3"));
    for (const each of [pool, poolAt(await crashImage(file))]) {
      expect(await each.exists("kept 0")).toBe(false);
      expect(await each.exists("unknown")).toBe(false);
      expect(text(await each.read("after"))).toBe("3");
      for (const key of kept.slice(1)) {
        expect((await each.read(key))?.bytes).toEqual(new Uint8Array(400).fill(7));
      }
    }
  });

  it("leaves a pool that can be read, when the fresh journal fails as well", async () => {
    const file = await newFile();
    const pool = poolAt(file);
    const version = await pool.write("kept", bytes("1"));
    vi.spyOn(files, "fdatasync").mockRejectedValue(failure("EIO"));
    expect((await rejection(pool.write("lost", bytes("2")))).code).toBe("UNAVAILABLE");
    vi.restoreAllMocks();
    const error = await rejection(pool.write("later", bytes("3")));
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.message).toContain("can only be read until");
    expect((await pool.read("kept"))?.version).toBe(version);
    await pool.close();
    expect(text(await poolAt(file).read("kept"))).toBe("1");
  });
});

it("keeps everything when a snapshot cannot be put into place", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.write("a", bytes("kept"));
  vi.spyOn(files, "rename").mockRejectedValue(failure("EIO"));
  expect((await rejection(pool.close())).code).toBe("UNAVAILABLE");
  vi.restoreAllMocks();
  expect(await companions(file)).toEqual([".journal.1"]);
  expect(text(await poolAt(file).read("a"))).toBe("kept");
});

it("goes on after a checkpoint that failed, and says so", async () => {
  const file = await newFile();
  const pool = poolAt(file, { checkpointBytes: 2048 });
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  const spy = vi.spyOn(files, "rename").mockRejectedValue(failure("EIO"));
  for (let i = 0; i < 20; i++) await pool.write(`key ${i}`, new Uint8Array(500).fill(i));
  await vi.waitFor(() => expect(warnings.join()).toContain("A checkpoint of"), { timeout: 20_000 });
  spy.mockRestore();
  process.off("warning", listen);
  await pool.delete("key 3");
  for (let i = 20; i < 40; i++) await pool.write(`key ${i}`, new Uint8Array(500).fill(i));
  await pool.close();
  expect(await companions(file)).toEqual(["", ".sum"]);
  const again = poolAt(file);
  for (let i = 0; i < 40; i++) {
    const expected = i === 3 ? undefined : new Uint8Array(500).fill(i);
    expect((await again.read(`key ${i}`))?.bytes).toEqual(expected);
  }
});

it("names the file that may not be opened", async () => {
  const file = await newFile();
  vi.spyOn(files, "open").mockRejectedValue(failure("EACCES"));
  const error = await rejection(poolAt(file).open());
  expect(error.code).toBe("ACCESS_DENIED");
  expect(error.message).toContain(file);
});

it("recognises an index that was damaged", async () => {
  const { isWholeIndex, readIndex } = await import("../src/snapshot-index.js");
  const writer = new IndexWriter();
  const place = { offset: 2 ** 34, prefixOffset: 0 };
  const entry = {
    kind: 0,
    prefixLength: 0,
    length: 2 ** 33,
    crc: 7,
    sequence: 2 ** 40,
    ...place,
  } as const;
  for (let i = 0; i < 3000; i++) writer.add(Buffer.from(`key ${i}`), entry);
  const whole = writer.finish();
  expect(isWholeIndex(whole)).toBe(true);
  expect(new Map(readIndex(whole)).get("key 2999")).toEqual(entry);
  for (const at of [0, 5, 9, 13, 100, whole.length - 1]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(isWholeIndex(damaged), `byte ${at}`).toBe(false);
  }
});
