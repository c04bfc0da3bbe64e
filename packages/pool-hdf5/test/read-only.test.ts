import { chmod, readdir, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Child } from "./children.js";
import { bytes, companions, newFile, poolAt, rejection, text } from "./rooms.js";

async function listed(pool: { keys(): AsyncIterable<string> }): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of pool.keys()) keys.push(key);
  return keys.sort();
}

describe("a pool with readOnly", () => {
  it("opens beside a writing process, sees the last checkpoint, and writes nothing", async () => {
    const file = await newFile();
    const first = poolAt(file);
    await first.write("before", bytes("1"));
    await first.close();
    const child = new Child({ do: "hold", filePath: file });
    await child.says("ready");
    const before = await companions(file);
    const reader = poolAt(file, { readOnly: true });
    expect(text(await reader.read("before"))).toBe("1");
    expect(await reader.exists("held"), "in the journal only").toBe(false);
    expect(await companions(file)).toEqual(before);
    expect((await child.end()).code).toBe(0);
    expect(text(await reader.read("held")), "after the child's checkpoint").toBe("by the child");
    expect(await listed(reader)).toEqual(["before", "held"]);
  });

  it("follows every new checkpoint, and ends what it reads on the file it began with", async () => {
    const file = await newFile();
    const writer = poolAt(file, { checkpointBytes: 2048 });
    await writer.write("round", bytes("0"));
    const reader = poolAt(file, { readOnly: true });
    expect(await reader.read("round"), "no checkpoint yet").toBeUndefined();
    const large = new Uint8Array(3000);
    let seen = -1;
    for (let round = 1; round <= 30; round++) {
      await writer.write("round", bytes(String(round)));
      await writer.write(`large ${round % 3}`, large.fill(round));
      const [value, ...larges] = await Promise.all(
        ["round", "large 0", "large 1", "large 2"].map((key) => reader.read(key)),
      );
      const now = value ? Number(text(value)) : -1;
      expect(now).toBeGreaterThanOrEqual(seen);
      seen = now;
      for (const found of larges) {
        if (found) expect(new Set(found.bytes).size, "one whole value").toBe(1);
      }
    }
    await vi.waitFor(async () => expect(await reader.exists("round")).toBe(true), {
      timeout: 20_000,
    });
    await writer.close();
    expect(text(await reader.read("round"))).toBe("30");
    expect((await reader.read("large 0"))?.bytes).toEqual(large);
  });

  it("holds one descriptor, also after many checkpoints", async () => {
    if (process.platform !== "linux") return;
    const file = await newFile();
    const open = async (): Promise<number> => {
      const { readlink } = await import("node:fs/promises");
      const links = await readdir("/proc/self/fd");
      const targets = await Promise.allSettled(links.map((fd) => readlink(`/proc/self/fd/${fd}`)));
      return targets.filter((each) => each.status === "fulfilled" && each.value.startsWith(file))
        .length;
    };
    for (let round = 0; round < 5; round++) {
      const writer = poolAt(file);
      await writer.write(`key ${round}`, bytes("1"));
      await writer.close();
    }
    const reader = poolAt(file, { readOnly: true });
    for (let round = 0; round < 5; round++) {
      const writer = poolAt(file);
      await writer.write(`key ${round}`, bytes("2"));
      await writer.close();
      expect(text(await reader.read(`key ${round}`))).toBe("2");
      await vi.waitFor(async () => expect(await open()).toBe(1), { timeout: 20_000 });
    }
    await reader.close();
    expect(await open()).toBe(0);
  });

  it("refuses every change with UNSUPPORTED, and says so in supports", async () => {
    const file = await newFile();
    const writer = poolAt(file);
    await writer.write("a", bytes("1"));
    await writer.close();
    const reader = poolAt(file, { readOnly: true });
    expect(reader.supports).toMatchObject({ readOnly: true, sharedBetweenProcesses: true });
    expect(writer.supports.readOnly).toBeUndefined();
    for (const work of [
      reader.write("a", bytes("2")),
      reader.write("b", bytes("2"), { condition: { ifAbsent: true } }),
      reader.delete("a"),
      reader.repair(),
    ]) {
      const error = await rejection(work);
      expect(error.code).toBe("UNSUPPORTED");
      expect(error.message).toContain("readOnly");
    }
    const [outcome] = await reader.writeMany([{ key: "c", bytes: bytes("3") }]);
    expect(outcome?.error).toMatchObject({ code: "UNSUPPORTED" });
    expect(await reader.verify()).toMatchObject({ entries: 1, damage: [] });
    await reader.close();
    expect(text(await poolAt(file).read("a"))).toBe("1");
  });

  it("reads in a directory in which nothing may be written, and an edited file by the HDF5 library", async () => {
    const file = await newFile();
    const writer = poolAt(file);
    await writer.write("a", bytes("1"));
    await writer.close();
    await unlink(`${file}.sum`);
    await chmod(file, 0o400);
    await chmod(dirname(file), 0o500);
    const reader = poolAt(file, { readOnly: true });
    expect(text(await reader.read("a"))).toBe("1");
    expect(await reader.verify()).toMatchObject({ entries: 1, damage: [] });
    await chmod(dirname(file), 0o700);
  });

  it("is NO_SUCH_STORE where there is nothing, or nothing any more", async () => {
    const file = await newFile();
    expect((await rejection(poolAt(file, { readOnly: true }).open())).code).toBe("NO_SUCH_STORE");
    expect((await rejection(poolAt(`${file}/x/y`, { readOnly: true }).open())).code).toBe(
      "NO_SUCH_STORE",
    );
    expect(await companions(file)).toEqual([]);
    const writer = poolAt(file);
    await writer.write("a", bytes("1"));
    await writer.close();
    const reader = poolAt(file, { readOnly: true });
    await reader.open();
    await unlink(file);
    expect((await rejection(reader.read("a"))).code).toBe("NO_SUCH_STORE");
    await expect(stat(file)).rejects.toThrow();
  });
});
