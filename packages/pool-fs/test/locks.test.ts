import { spawnSync } from "node:child_process";
import { link, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { type Identity, identify, judge, parseIdentity } from "../src/identity.js";
import { KeyLocks } from "../src/key-locks.js";
import { Layout } from "../src/layout.js";
import { placeOf } from "../src/names.js";
import { Writer } from "../src/writer.js";
import { Child } from "./children.js";
import { bytes, newDirectory, poolAt, rejection, text, tree } from "./rooms.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const nonces = ["1", "2", "3"].map((digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`);

/** A process that is no more: it has been waited for. */
function deadPid(): number {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  return pid;
}

/** A lock as a pool that wrote this about itself would have taken it. */
async function plantLock(directory: string, name: string, holder: Identity): Promise<string> {
  const file = join(directory, "writers", holder.nonce);
  await writeFile(file, `${JSON.stringify(holder)}\n`);
  const path = join(directory, "locks", name);
  await link(file, path);
  return path;
}

async function locks(directory: string): Promise<string[]> {
  return (await tree(directory)).filter((path) => path.startsWith("locks/"));
}

it("judges gone only what has certainly ended", () => {
  const own = identify(nonces[0] ?? "");
  const [local, shared] = [{ local: true }, { local: false }];
  const dead = { ...own, pid: deadPid() };
  expect(judge(own, own, local)).toBe("alive");
  expect(judge(dead, own, shared)).toBe("gone");
  if (process.platform === "linux") {
    const reused = { ...own, startTime: "1" };
    expect(judge(reused, own, local), "the id of an older process").toBe("gone");
    const thread = { ...own, thread: { id: "1", startTime: own.thread.startTime } };
    expect(judge(thread, own, local), "a thread that has ended").toBe("gone");
    const another = { ...own, thread: { ...own.thread, startTime: "1" } };
    expect(judge(another, own, local), "the id of an older thread").toBe("gone");
    const before = { ...dead, bootId: "of the last boot" };
    expect(judge(before, own, local)).toBe("gone");
    expect(judge(before, own, shared), "perhaps another machine").toBe("unknown");
    expect(judge({ ...dead, bootId: "" }, own, local)).toBe("unknown");
  }
  expect(judge({ ...dead, pidNamespace: "a container's" }, own, local)).toBe("unknown");
  const nameless = { ...own, bootId: "" };
  expect(judge({ ...dead, bootId: "", host: "another" }, nameless, shared)).toBe("unknown");
  expect(judge({ ...dead, bootId: "" }, nameless, shared)).toBe("gone");
  // Its start cannot be seen, so it may be another process; and it may not.
  expect(judge({ ...own, startTime: "" }, own, local)).toBe("alive");
});

it("takes nothing else for an identity", () => {
  const own = identify(nonces[0] ?? "");
  expect(parseIdentity(JSON.stringify(own))).toEqual(own);
  for (const foreign of ["", "{", "null", "7", "{}", '{"pid":1}']) {
    expect(parseIdentity(foreign)).toBeUndefined();
  }
});

it("breaks the lock of a breaker that died, and of the breaker of that", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("old"));
  const own = identify(nonces[0] ?? "");
  const [one, two, three] = nonces.map((nonce) => ({ ...own, nonce, pid: deadPid() }));
  if (!one || !two || !three) throw new Error("three are dead");
  await plantLock(directory, placeOf("key").hash, one);
  await plantLock(directory, `${one.nonce}.break`, two);
  await plantLock(directory, `${two.nonce}.break`, three);
  await pool.write("key", bytes("new"));
  expect(text(await pool.read("key"))).toBe("new");
  expect(await locks(directory)).toEqual([]);

  // What nobody wants again is cleaned by the next opening.
  await plantLock(directory, placeOf("other").hash, one);
  await plantLock(directory, `${one.nonce}.break`, two);
  await poolAt(directory).open();
  expect(await locks(directory)).toEqual([]);
  expect(await tree(directory)).not.toContain(`writers/${one.nonce}`);
});

it("does not remove a new lock for the old one that it had judged", async () => {
  const directory = await newDirectory();
  const slow = poolAt(directory);
  const fast = poolAt(directory);
  await slow.write("key", bytes("old"));
  await fast.write("another", bytes("x"));
  const dead = { ...identify(nonces[0] ?? ""), pid: deadPid() };
  const path = await plantLock(directory, placeOf("key").hash, dead);
  // The slow one has judged the dead holder, and is held up before it takes the right to break.
  const original = files.link;
  let passed = false;
  const live = new KeyLocks(new Layout(directory), new Writer(new Layout(directory)));
  let letGo: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let holding: Promise<void> | undefined;
  vi.spyOn(files, "link").mockImplementation(async (from, to) => {
    if (!passed && String(to).endsWith(".break")) {
      passed = true;
      // Meanwhile another breaks it and takes the lock for itself.
      await new Promise<void>((taken) => {
        holding = live.hold(placeOf("key").hash, undefined, async () => {
          taken();
          await until;
        });
      });
    }
    return original(from, to);
  });
  const writing = slow.write("key", bytes("new"));
  await vi.waitFor(() => expect(holding).toBeDefined(), { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const holder = parseIdentity(await readFile(path, "utf8"));
  expect(holder?.pid, "the living one still has it").toBe(process.pid);
  expect(text(await fast.read("key"))).toBe("old");
  letGo();
  await holding;
  await writing;
  expect(text(await slow.read("key"))).toBe("new");
  expect(await locks(directory)).toEqual([]);
});

it("gives up with LOCKED, names the holder, and can be told that it is gone", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("old"));
  const away = { ...identify(nonces[0] ?? ""), bootId: "", host: "far-away", pid: 4242 };
  const { hash } = placeOf("key");
  const path = await plantLock(directory, hash, away);
  const layout = new Layout(directory);
  const impatient = new KeyLocks(layout, new Writer(layout), { patience: 50 });
  const act = vi.fn(async () => undefined);
  const error = await rejection(impatient.hold(hash, undefined, act));
  expect(error.code).toBe("LOCKED");
  expect(error.details).toMatchObject({ path, pid: 4242, host: "far-away" });
  expect(error.message).toContain("forceUnlock");
  expect(act).not.toHaveBeenCalled();
  expect(await locks(directory)).toEqual([`locks/${hash}`]);

  await writeFile(join(directory, "temporary", `${away.nonce}.1`), "of the one far away");
  await poolAt(directory).open();
  expect(await tree(directory)).toContain(`temporary/${away.nonce}.1`);

  const forced = poolAt(directory, { forceUnlock: true });
  await forced.write("key", bytes("new"));
  expect(text(await pool.read("key"))).toBe("new");
  expect(await locks(directory)).toEqual([]);
  expect(await tree(directory)).not.toContain(`temporary/${away.nonce}.1`);
});

it("names the process that has the lock", async () => {
  const directory = await newDirectory();
  const child = new Child({ do: "hold the lock", directory, key: "key" });
  await child.says("holding");
  const layout = new Layout(directory);
  const impatient = new KeyLocks(layout, new Writer(layout), { patience: 50, force: true });
  const error = await rejection(
    impatient.hold(placeOf("key").hash, undefined, async () => undefined),
  );
  expect(error.code).toBe("LOCKED");
  expect(error.details.pid).toBe(child.pid);
  expect((await child.end()).code).toBe(0);
});

it("says so when somebody took its lock away", async () => {
  const directory = await newDirectory();
  const layout = new Layout(directory);
  const writer = new Writer(layout);
  await layout.prepare(() => writer.temporary());
  const held = new KeyLocks(layout, writer).hold("a".repeat(64), undefined, () =>
    files.unlink(join(directory, "locks", "a".repeat(64))),
  );
  const error = await rejection(held);
  expect(error.code).toBe("LOCKED");
  expect(error.details.outcome).toBe("unknown");
});
