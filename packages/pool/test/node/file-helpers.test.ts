import { mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type FileCalls, fileHelpers, poolPath } from "@laila/pool/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-pool-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

describe("fileHelpers", () => {
  const text = (value: string) => new TextEncoder().encode(value);

  it("writes and reads files of the file system", async () => {
    const { writeFully, readFully } = fileHelpers();
    const file = await open(join(directory, "file"), "w+");
    await writeFully(file.fd, [text("ab"), text(""), text("cde")], 0);
    await writeFully(file.fd, [text("X")], 1);
    expect((await readFully(file.fd, 0, 100)).toString()).toBe("aXcde");
    expect((await readFully(file.fd, 3, 1)).toString()).toBe("d");
    await file.close();
  });

  it("makes directories for their owner alone, and syncs every parent", async () => {
    const synced: string[] = [];
    const opened: string[] = [];
    const { makeDirectory } = fileHelpers({
      ...short(),
      open: async (path) => opened.push(path) - 1,
      fsync: async (fd) => void synced.push(opened[fd] ?? ""),
    });
    await makeDirectory(join(directory, "a", "b"));
    expect((await stat(join(directory, "a", "b"))).mode & 0o777).toBe(0o700);
    expect(synced).toEqual([join(directory, "a"), directory]);
    await makeDirectory(join(directory, "a"));
    expect(synced).toHaveLength(2);
  });

  it("goes on where a call did less than it was asked", async () => {
    const calls = short();
    const { writeFully, readFully } = fileHelpers(calls);
    await writeFully(1, [text("one"), text(""), text("two"), text("three")], 5);
    expect(calls.content.toString("latin1")).toBe("\0\0\0\0\0onetwothree");
    expect((await readFully(1, 5, 8)).toString()).toBe("onetwoth");
    expect((await readFully(1, 14, 8)).toString()).toBe("ee");
  });

  it("closes what it opened when a sync fails", async () => {
    const closed: number[] = [];
    const { syncDirectory } = fileHelpers({
      ...short(),
      open: async () => 7,
      close: async (fd) => void closed.push(fd),
      fsync: () => Promise.reject(new Error("EIO")),
    });
    await expect(syncDirectory(directory)).rejects.toThrow("EIO");
    expect(closed).toEqual([7]);
  });

  /** A file in memory that takes and gives two bytes at a time. */
  function short(): FileCalls & { content: Buffer } {
    const calls = {
      content: Buffer.alloc(0),
      open: async () => 1,
      close: async () => undefined,
      fsync: async () => undefined,
      mkdir: async (path: string, options: { recursive: true; mode: number }) =>
        mkdir(path, options),
      writev: async (_: number, buffers: readonly Uint8Array[], position: number) => {
        const piece = Buffer.concat(buffers).subarray(0, 2);
        const length = Math.max(calls.content.length, position + piece.length);
        calls.content = Buffer.concat([calls.content], length);
        piece.copy(calls.content, position);
        return piece.length;
      },
      read: async (_: number, into: Uint8Array, position: number) =>
        calls.content.copy(into, 0, position, position + 2),
    };
    return calls;
  }
});

describe("poolPath", () => {
  const globalId = "LAILA:POOL:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594";
  const own = "pools/6c8dcd4c-d490-58bc-81a7-6afbe8d17594";

  it("is the configured one, from the project", () => {
    const at = (given: string, options: object) =>
      poolPath({ given, globalId, name: "x", options });
    expect(at("a/b", { directory: "/project", home: "/home" })).toBe(resolve("/project/a/b"));
    expect(at("/a/b", { directory: "/project" })).toBe(resolve("/a/b"));
    expect(at("a", {})).toBe(resolve("a"));
  });

  it("or the pool's own in LAILA's home", () => {
    vi.stubEnv("LAILA_HOME", "/from-env");
    const parts = { given: undefined, globalId } as const;
    expect(poolPath({ ...parts, name: "x", options: { home: "/home" } })).toBe(
      resolve("/home", own, "x"),
    );
    expect(poolPath({ ...parts, options: {} })).toBe(resolve("/from-env", own));
    vi.stubEnv("LAILA_HOME", "");
    vi.stubEnv("HOME", "/somebody");
    expect(poolPath({ ...parts, options: {} })).toBe(resolve("/somebody/.laila", own));
  });
});
