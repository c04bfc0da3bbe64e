import { randomUUID } from "node:crypto";
import { link, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { Lock } from "../src/lock.js";
import { Child } from "./children.js";
import { bytes, companions, newDirectory, newFile, poolAt, rejection, text } from "./rooms.js";

it("refuses a second process, and says who has the file", async () => {
  const file = await newFile();
  const child = new Child({ do: "hold", filePath: file });
  await child.says("ready");
  const second = poolAt(file);
  const error = await rejection(second.open());
  expect(error.code).toBe("LOCKED");
  expect(error.details).toMatchObject({ pid: child.pid, host: hostname() });
  expect(error.message).toContain(`process ${child.pid} on ${hostname()}`);
  expect((await child.end()).code).toBe(0);
  expect(text(await second.read("held")), "a failed open is tried again").toBe("by the child");
});

it("refuses a second pool of the same process, whatever name the file goes by", async () => {
  const file = await newFile();
  const first = poolAt(file);
  await first.write("a", bytes("1"));
  await first.close();
  const again = poolAt(file);
  await again.open();
  const alias = `${await newDirectory()}/alias.h5`;
  await symlink(file, alias);
  for (const path of [file, alias]) {
    const error = await rejection(poolAt(path).open());
    expect(error.code).toBe("LOCKED");
    expect(error.details.pid).toBe(process.pid);
  }
  await again.close();
  expect(text(await poolAt(alias).read("a"))).toBe("1");
});

it("breaks the lock of a process that was killed", async () => {
  const file = await newFile();
  const child = new Child({ do: "hold", filePath: file });
  await child.says("ready");
  await child.kill();
  expect(await companions(file)).toContain(".lock");
  expect(text(await poolAt(file).read("held"))).toBe("by the child");
});

it("breaks a lock whose process id now belongs to another process", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.open();
  const lock: object = JSON.parse(await readFile(`${file}.lock`, "utf8"));
  await pool.close();
  await writeFile(`${file}.lock`, JSON.stringify({ ...lock, startTime: "1" }));
  await poolAt(file).open();
});

it.each([
  ["another pid namespace", { pidNamespace: "pid:[1]", pid: 999_999_999 }],
  ["another machine", { bootId: "x", machineId: "y", host: "elsewhere", pid: 999_999_999 }],
  ["a machine that cannot be told", { bootId: "x", machineId: "", pid: 999_999_999 }],
])("never breaks a lock of %s, unless it is forced to", async (_, change) => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.open();
  const lock: object = JSON.parse(await readFile(`${file}.lock`, "utf8"));
  await pool.close();
  await writeFile(`${file}.lock`, JSON.stringify({ ...lock, ...change }));
  expect((await rejection(poolAt(file).open())).code).toBe("LOCKED");
  await poolAt(file, { forceUnlock: true }).write("a", bytes("1"));
});

it("breaks a lock of this machine's earlier boot", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.open();
  const lock: { machineId: string } = JSON.parse(await readFile(`${file}.lock`, "utf8"));
  await pool.close();
  await writeFile(`${file}.lock`, JSON.stringify({ ...lock, bootId: "an earlier one" }));
  const again = poolAt(file);
  // A machine without an id cannot be recognised, so there the lock stands.
  if (lock.machineId === "") expect((await rejection(again.open())).code).toBe("LOCKED");
  else await again.open();
});

describe("a stale lock", () => {
  async function stale(): Promise<string> {
    const path = `${await newDirectory()}/pool.h5.lock`;
    const lock = await Lock.acquire(path, { force: false });
    const holder: object = JSON.parse(await readFile(path, "utf8"));
    await lock.release();
    await writeFile(path, JSON.stringify({ ...holder, pid: 999_999_999, nonce: randomUUID() }));
    return path;
  }
  const take = (path: string): Promise<Lock> => Lock.acquire(path, { force: false });

  it("falls to exactly one of many who want it at once", async () => {
    for (let round = 0; round < 20; round++) {
      const path = await stale();
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => take(path)));
      const [winner, ...others] = tries.filter((each) => each.status === "fulfilled");
      expect(others).toEqual([]);
      for (const each of tries) {
        if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "LOCKED" });
      }
      await winner?.value.check();
      await winner?.value.release();
      expect(await readdir(dirname(path))).toEqual([]);
    }
  });

  it.each([
    ["holds the lock by now", false],
    ["held it, and another does by now", true],
  ])("is not taken from the one who was faster and %s", async (_, another) => {
    const path = await stale();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const original = files.link;
    const link = vi.spyOn(files, "link").mockImplementationOnce(async (from, to) => {
      await held;
      await original(from, to);
    });
    const slow = rejection(take(path));
    await vi.waitFor(() => expect(link).toHaveBeenCalled(), { timeout: 20_000 });
    let holder = await take(path);
    if (another) {
      await holder.release();
      holder = await take(path);
    }
    release();
    expect((await slow).code).toBe("LOCKED");
    await holder.check();
    await holder.release();
    expect(await readdir(dirname(path))).toEqual([]);
    link.mockRestore();
  });

  it("whose breaker died before it was done is broken by the next", async () => {
    const path = await stale();
    // Killed between the two steps: the successor is there, the lock is still the old one.
    vi.spyOn(files, "rename").mockRejectedValueOnce(
      Object.assign(new Error("EIO"), { code: "EIO" }),
    );
    const unlink = vi.spyOn(files, "unlink").mockRejectedValue(new Error("killed"));
    await rejection(take(path));
    vi.restoreAllMocks();
    expect(unlink).toHaveBeenCalled();
    const successor = (await readdir(dirname(path))).find((name) => name.includes(".after-"));
    const dead = `${dirname(path)}/${successor}`;
    const claim: object = JSON.parse(await readFile(dead, "utf8"));
    await writeFile(dead, JSON.stringify({ ...claim, pid: 999_999_998, nonce: randomUUID() }));
    const lock = await take(path);
    await lock.check();
    expect((await rejection(take(path))).details.pid).toBe(process.pid);
  });
});

it("stops before it replaces a file whose lock was taken away by force", async () => {
  const file = await newFile();
  const robbed = poolAt(file);
  await robbed.write("a", bytes("1"));
  const robber = poolAt(file, { forceUnlock: true });
  await robber.open();
  expect((await rejection(robbed.close())).code).toBe("LOCKED");
  expect(text(await robber.read("a"))).toBe("1");
});

it("acknowledges nothing more once it finds out that its lock was taken away", async () => {
  const file = await newFile();
  const robbed = poolAt(file, { checkpointBytes: 1024 });
  await robbed.write("a", bytes("1"));
  await poolAt(file, { forceUnlock: true }).open();
  const error = await rejection(
    (async () => {
      for (let i = 0; i < 100; i++) await robbed.write(`key ${i}`, new Uint8Array(500));
    })(),
  );
  expect(error.code).toBe("LOCKED");
});

it("leaves no lock behind, and nothing at all where nothing was written", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.open();
  await pool.close();
  expect(await companions(file)).toEqual([]);
  const written = poolAt(file);
  await written.write("a", bytes("1"));
  await written.close();
  expect(await companions(file)).toEqual(["", ".sum"]);
});

it("refuses a file with hard links", async () => {
  const file = await newFile();
  await poolAt(file).write("a", bytes("1"));
  await writeFile(`${file}.other`, "");
  await link(`${file}.other`, `${file}.second`);
  expect((await rejection(poolAt(`${file}.other`).open())).code).toBe("INVALID_CONFIG");
});

it("refuses a directory", async () => {
  const error = await rejection(poolAt(await newDirectory()).open());
  expect(error.code).toBe("INVALID_CONFIG");
  expect(error.message).toContain("is not a file");
});
