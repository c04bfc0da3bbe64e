import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isLailaError } from "@laila/pool";
import { expect, it } from "vitest";
import { placeOf } from "../src/names.js";
import { Child } from "./children.js";
import { bytes, listed, newDirectory, poolAt, rejection, text, tree } from "./rooms.js";

it("counts to 200 in four processes and loses nothing", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("counter", bytes("0"));
  const children = Array.from(
    { length: 4 },
    () => new Child({ do: "increment", directory, key: "counter", times: 50 }),
  );
  for (const child of children) expect(await child.end()).toEqual({ code: 0, errors: "" });
  expect(text(await pool.read("counter"))).toBe("200");
});

it("keeps the count while processes are killed in the middle of it", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("counter", bytes("0"));
  const start = () => new Child({ do: "increment", directory, key: "counter", times: 1e9 });
  const children = [start(), start(), start()];
  let acknowledged = 0;
  let kills = 0;
  for (; kills < 15; kills++) {
    const victim = children.shift();
    await victim?.says("incremented", 1 + (kills % 5));
    await wait(Math.random() * 10);
    await victim?.kill();
    acknowledged += victim?.count("incremented") ?? 0;
    children.push(start());
  }
  for (const child of children) {
    // Each of them got on, although others had died with the lock.
    await child.says("incremented");
    await child.kill();
    acknowledged += child.count("incremented");
    kills++;
  }
  const count = Number(text(await pool.read("counter")));
  expect(count).toBeGreaterThanOrEqual(acknowledged);
  // A killed process may have got one more done than it could tell.
  expect(count).toBeLessThanOrEqual(acknowledged + kills);
});

it("lets one of three processes have each key", async () => {
  const directory = await newDirectory();
  const names = ["one", "two", "three"];
  const children = names.map((name) => new Child({ do: "claim", directory, name, keys: 60 }));
  for (const child of children) await child.says("ready");
  for (const child of children) child.tell("go");
  for (const child of children) expect(await child.end()).toEqual({ code: 0, errors: "" });
  const pool = poolAt(directory);
  for (let i = 0; i < 60; i++) {
    const said = children.map(({ lines }) => lines.find((line) => line.endsWith(` claimed ${i}`)));
    const outcomes = said.map((line) => line?.split(" ")[0]);
    expect([...outcomes].sort()).toEqual(["CONFLICT", "CONFLICT", "done"]);
    expect(text(await pool.read(`claimed ${i}`))).toBe(names[outcomes.indexOf("done")]);
  }
});

it("waits for a lock as long as its holder lives, stopped or not", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  const version = await pool.write("key", bytes("old"));
  const child = new Child({ do: "hold the lock", directory, key: "key" });
  await child.says("holding");
  child.signal("SIGSTOP");
  const controller = new AbortController();
  const attempts = [
    pool.write("key", bytes("plain"), { signal: controller.signal }),
    pool.write("key", bytes("conditional"), {
      condition: { ifVersion: version ?? "" },
      signal: controller.signal,
    }),
    pool.delete("key", { signal: controller.signal }),
  ].map((attempt) => attempt.catch((error: unknown) => error));
  await wait(300);
  await pool.write("another key", bytes("is not held up"));
  controller.abort();
  for (const outcome of await Promise.all(attempts)) {
    expect(isLailaError(outcome, "ABORTED")).toBe(true);
  }
  const later = pool.write("key", bytes("new"));
  await wait(50);
  expect(text(await pool.read("key"))).toBe("old");
  child.signal("SIGCONT");
  expect(await child.end()).toEqual({ code: 0, errors: "" });
  await later;
  expect(text(await pool.read("key"))).toBe("new");
});

it("goes on at once when a lock's holder is killed", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("old"));
  const child = new Child({ do: "hold the lock", directory, key: "key" });
  await child.says("holding");
  await child.kill();
  expect(await tree(directory)).toContain(`locks/${placeOf("key").hash}`);
  // All of them find it at the same time, in two pools.
  const other = poolAt(directory);
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? pool : other).write("key", bytes(`new ${i}`))),
  );
  expect(text(await pool.read("key"))).toMatch(/^new /);
  await pool.close();
  await other.close();
  expect((await tree(directory)).filter((path) => /^(locks|temporary)/.test(path))).toEqual([]);
});

it("goes on when the worker thread that held a lock was terminated", async () => {
  const directory = await newDirectory();
  const child = new Child({ do: "hold it in a worker", directory, key: "key" });
  await child.says("written");
  expect(await child.end()).toEqual({ code: 0, errors: "" });
  expect(child.lines).toEqual(["waits", "written"]);
});

it("removes what a killed writer left, and nothing of a living one", async () => {
  const directory = await newDirectory();
  const [dead, living] = ["dead", "living"].map(
    (key) => new Child({ do: "stop half way", directory, key }),
  );
  await dead?.says("half way");
  await living?.says("half way");
  await writeFile(join(directory, "temporary", "of somebody else"), "foreign");
  const temporary = async () =>
    (await tree(directory)).filter((path) => path.startsWith("temporary/"));
  expect(await temporary()).toHaveLength(3);
  const early = poolAt(directory);
  await early.open();
  expect(await temporary(), "both live").toHaveLength(3);
  await dead?.kill();
  const late = poolAt(directory);
  await late.open();
  expect(await temporary(), "one lives, one file is foreign").toHaveLength(2);
  expect(await living?.end()).toEqual({ code: 0, errors: "" });
  expect(await temporary()).toEqual(["temporary/of somebody else"]);
  expect(await listed(late)).toEqual(["before", "living"]);
  expect(text(await late.read("living"))).toBe("half way");
  await early.close();
  await late.close();
  expect((await tree(directory)).filter((path) => path.startsWith("writers/"))).toEqual([]);
});

it("keeps the old value when the system refuses the new one's size", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("old"));
  const child = new Child(
    { do: "write", directory, key: "key", bytes: 1_000_000 },
    // In blocks of 512 bytes, or of 1,024 in some shells.
    { shell: "ulimit -f 100" },
  );
  expect(await child.end()).toEqual({ code: 0, errors: "" });
  expect(child.lines).toEqual(["TOO_LARGE"]);
  expect(text(await pool.read("key"))).toBe("old");
  expect((await tree(directory)).filter((path) => path.startsWith("temporary/"))).toEqual([]);
});

it("says who has the lock, and forceUnlock is for the others", async () => {
  const directory = await newDirectory();
  const child = new Child({ do: "hold the lock", directory, key: "key" });
  await child.says("holding");
  // It is known to live, so force does not reach it.
  const pool = poolAt(directory, { forceUnlock: true });
  const signal = AbortSignal.timeout(300);
  expect((await rejection(pool.write("key", bytes("x"), { signal }))).code).toBe("TIMEOUT");
  expect(await tree(directory)).toContain(`locks/${placeOf("key").hash}`);
  expect((await child.end()).code).toBe(0);
});
