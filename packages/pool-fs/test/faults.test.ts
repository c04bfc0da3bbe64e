import { basename, dirname } from "node:path";
import { isLailaError } from "@laila/pool";
import { afterEach, describe, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { bytes, listed, newDirectory, poolAt, rejection, text, tree } from "./rooms.js";

/** A failure of the operating system. */
function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

afterEach(() => {
  vi.restoreAllMocks();
});

type Operation = (...args: unknown[]) => Promise<unknown>;
/** All of them under one type, so that one test can go through them. */
const operations = files as unknown as Record<string, Operation>;

/** What may lie around while nobody writes: the mark, the writers' own files, and values. */
async function leftovers(directory: string): Promise<string[]> {
  return (await tree(directory)).filter((path) => /^(locks|temporary)\//.test(path));
}

it("keeps the old value when the disk is full half way through the new one", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("old"));
  const original = files.writev;
  const spy = vi.spyOn(files, "writev").mockImplementation(async (fd, buffers, position) => {
    // Half of it gets through.
    const first = buffers[0] ?? new Uint8Array(0);
    await original(fd, [first.subarray(0, first.length / 2)], position);
    throw failure("ENOSPC");
  });
  for (const key of ["key", "another"]) {
    const error = await rejection(pool.write(key, bytes("x".repeat(100_000))));
    expect(error.code).toBe("NO_SPACE");
    expect(error.message).toContain(directory);
    expect(error.details).toEqual({ path: directory, system: "ENOSPC" });
  }
  spy.mockRestore();
  expect(await leftovers(directory)).toEqual([]);
  expect(await listed(pool)).toEqual(["key"]);
  expect(text(await pool.read("key"))).toBe("old");
  await pool.write("key", bytes("new"));
  expect(text(await pool.read("key"))).toBe("new");
});

it.each(["open", "writev", "fsync", "rename", "mkdir"] as const)(
  "leaves nothing behind when %s fails while it opens, and opens when asked again",
  async (operation) => {
    for (let nth = 0, failed = true; failed; nth++) {
      const directory = await newDirectory();
      const pool = poolAt(directory);
      let calls = 0;
      const original = operations[operation] as Operation;
      const spy = vi.spyOn(operations, operation).mockImplementation(async (...args) => {
        if (calls++ === nth) throw failure("EIO");
        return original(...args);
      });
      const outcome = await pool.open().catch((error: unknown) => error);
      spy.mockRestore();
      failed = calls > nth;
      if (failed) expect(isLailaError(outcome, "UNAVAILABLE"), String(outcome)).toBe(true);
      else expect(nth).toBeGreaterThan(0);
      const left = await tree(directory);
      expect(left.filter((path) => /^temporary/.test(path))).toEqual([]);
      if (failed) expect(left.filter((path) => /^writers/.test(path))).toEqual([]);
      await pool.write("key", bytes("value"));
      expect(text(await poolAt(directory).read("key"))).toBe("value");
    }
  },
);

it("writes all of a value that the system takes in pieces", async () => {
  const pool = poolAt(await newDirectory());
  const original = files.writev;
  vi.spyOn(files, "writev").mockImplementation((fd, [first = new Uint8Array(0)], position) =>
    original(fd, [first.subarray(0, 7)], position),
  );
  await pool.write("key", bytes("a value of more than seven bytes"));
  expect(text(await pool.read("key"))).toBe("a value of more than seven bytes");
});

const codes = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EFBIG: "TOO_LARGE",
  EACCES: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  EIO: "UNAVAILABLE",
  EMFILE: "UNAVAILABLE",
} as const;

describe.each(["open", "writev", "fsync", "close", "link", "rename", "mkdir"] as const)(
  "when %s fails",
  (operation) => {
    it.each(Object.entries(codes))(
      "with %s: old or new, and the next one works",
      async (system, code) => {
        const directory = await newDirectory();
        let failed = 0;
        // Each of its calls in turn, until a write gets through without meeting the failure.
        for (let nth = 0; ; nth++) {
          const pool = poolAt(directory);
          const key = operation === "mkdir" ? `key ${nth}` : "key";
          if (operation !== "mkdir") await pool.write(key, bytes("old"));
          else await pool.open();
          let calls = 0;
          const original = operations[operation] as Operation;
          const spy = vi.spyOn(operations, operation).mockImplementation(async (...args) => {
            // A descriptor that cannot be closed is not kept open by the system.
            if (operation === "close") await original(...args);
            if (calls++ === nth) throw failure(system);
            return operation === "close" ? undefined : original(...args);
          });
          const outcome = await pool.write(key, bytes("new")).catch((error: unknown) => error);
          spy.mockRestore();
          const found = text(await pool.read(key));
          if (calls <= nth) {
            expect(found).toBe("new");
            break;
          }
          failed++;
          expect(isLailaError(outcome, code), String(outcome)).toBe(true);
          expect([undefined, "old", "new"]).toContain(found);
          if (operation !== "mkdir") expect(found).toBeDefined();
          expect(await leftovers(directory)).toEqual([]);
          await pool.write(key, bytes("newer"));
          expect(text(await pool.read(key))).toBe("newer");
          await pool.close();
        }
        expect(failed).toBeGreaterThan(0);
      },
    );
  },
);

/** What the pool asks of the disk from now on, in order; each as it is done. */
function watch(directory: string): string[] {
  const done: string[] = [];
  const open = new Map<number, string>();
  const named = (path: unknown): string => {
    const [parent, name] = [basename(dirname(String(path))), basename(String(path))];
    if (String(path) === directory) return "root";
    return ["temporary", "locks", "writers"].includes(parent) ? parent : name;
  };
  const original = { ...files };
  vi.spyOn(files, "open").mockImplementation(async (...args) => {
    const fd = await original.open(...args);
    open.set(fd, named(args[0]));
    return fd;
  });
  vi.spyOn(files, "fsync").mockImplementation(async (fd) => {
    await original.fsync(fd);
    done.push(`sync ${open.get(fd)}`);
  });
  vi.spyOn(files, "rename").mockImplementation(async (from, to) => {
    await original.rename(from, to);
    done.push(`rename ${named(from)} to ${named(to)}`);
  });
  vi.spyOn(files, "mkdir").mockImplementation(async (...args) => {
    const first = await original.mkdir(...args);
    done.push(`make ${named(args[0])}`);
    return first;
  });
  for (const operation of ["link", "unlink"] as const) {
    vi.spyOn(operations, operation).mockImplementation(async (...args) => {
      await (original[operation] as Operation)(...args);
      done.push(`${operation} ${named(args.at(-1))}`);
    });
  }
  return done;
}

it("has synced a value, and every directory on the way to it, when the write resolves", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.open();
  const done = watch(directory);
  // SHA-256 of "key" begins with 2c.
  await pool.write("key", bytes("value"));
  expect(done).toEqual([
    "sync temporary",
    "make 2c",
    "sync values",
    "link locks",
    "rename temporary to key",
    "unlink locks",
    "sync 2c",
  ]);
  done.length = 0;
  await pool.write("key", bytes("value"));
  await pool.delete("key");
  await pool.delete("key");
  const lock = ["link locks", "unlink key", "unlink locks", "sync 2c"];
  expect(done).toEqual([
    ...["sync temporary", "link locks", "rename temporary to key", "unlink locks", "sync 2c"],
    ...lock,
    // It was gone, but perhaps not yet on the disk.
    ...lock.filter((step) => step !== "unlink key"),
  ]);
  done.length = 0;
  // Another pool has not seen the directory being synced, and does not trust that it was.
  await poolAt(directory).write("key", bytes("value"));
  expect(done).toContain("sync values");
});

it("has synced its new directories when it is open, and makes its mark last", async () => {
  const root = await newDirectory();
  const directory = `${root}/a/b`;
  const done = watch(directory);
  await poolAt(directory).open();
  const marked = done.indexOf("rename temporary to laila-pool-fs.json");
  for (const made of ["root", "values", "temporary", "writers", "locks"]) {
    expect(done.indexOf(`make ${made}`)).toBeGreaterThanOrEqual(0);
    expect(done.indexOf(`make ${made}`)).toBeLessThan(marked);
  }
  expect(done.slice(marked)).toContain("sync root");
  const above = done.slice(done.indexOf("make root"));
  expect(above).toEqual(expect.arrayContaining(["sync a", `sync ${basename(root)}`]));
});

it("reads no mixture while one value replaces the other", async () => {
  const directory = await newDirectory();
  const [writer, reader] = [poolAt(directory), poolAt(directory)];
  await writer.write("key", new Uint8Array(300_000).fill(0));
  let writing = true;
  const writes = (async () => {
    for (let i = 1; i <= 40; i++) await writer.write("key", new Uint8Array(300_000 + i).fill(i));
    writing = false;
  })();
  const seen = new Set<number>();
  while (writing) {
    const found = await reader.read("key");
    const [first = 0] = found?.bytes ?? [];
    expect(found?.bytes.byteLength).toBe(300_000 + first);
    expect(found?.bytes.every((byte) => byte === first)).toBe(true);
    seen.add(first);
  }
  await writes;
  expect(seen.size).toBeGreaterThan(1);
});
