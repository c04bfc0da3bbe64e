import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import { isLailaError } from "@laila/pool";
import { SQLitePool, type SQLitePoolConfig } from "@laila/pool-sqlite";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let directory: string;
let filePath: string;
const made: SQLitePool[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "laila-sqlite-file-"));
  filePath = join(directory, "pool.sqlite");
});
afterEach(async () => {
  await Promise.all(made.splice(0).map((pool) => pool.close()));
  rmSync(directory, { recursive: true, force: true });
});

function poolOf(config: SQLitePoolConfig = {}): SQLitePool {
  const pool = new SQLitePool({ filePath, ...config });
  made.push(pool);
  return pool;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (isLailaError(error) ? error.code : inspect(error)),
  );
const value = (length: number): Uint8Array => new Uint8Array(length).fill(7);

/** A change made by another program, in the file of a pool that is closed. */
async function meddle(sql: string): Promise<void> {
  const pool = new SQLitePool({ filePath });
  await pool.write("a", value(10));
  await pool.close();
  sqlite(sql);
}

function sqlite(sql: string): void {
  const connection = new Database(filePath);
  connection.exec(sql);
  // A closed pool's connection lives on until it is collected, and would move this into the file then.
  connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  connection.close();
}

describe("the file", () => {
  it("is a database with a row for each key, and all of it after close", async () => {
    const pool = new SQLitePool({ filePath });
    await pool.write("a\0b", value(100_000));
    await pool.write("empty", value(0));
    await pool.close();
    const copy = join(directory, "copy.sqlite");
    copyFileSync(filePath, copy);
    const connection = new Database(copy);
    const rows = connection.prepare("SELECT key, length(value), typeof(value) FROM laila");
    expect(rows.raw().all()).toEqual([
      [Buffer.from("a\0b"), 100_000, "blob"],
      [Buffer.from("empty"), 0, "blob"],
    ]);
    expect(connection.pragma("application_id", { simple: true })).toMatchObject({
      application_id: 0x4c41494c,
    });
    connection.close();
  });

  it("lies in LAILA's home unless it is given, and is made with its directories", async () => {
    const home = join(directory, "home");
    const pool = new SQLitePool({ nickname: "results" }, { home });
    await pool.write("a", value(1));
    await pool.close();
    const uuid = pool.globalId.slice(pool.globalId.lastIndexOf(":") + 1);
    expect(pool.filePath).toBe(join(home, "pools", uuid, "pool.sqlite"));
    expect(existsSync(pool.filePath)).toBe(true);
    expect(pool.toConfig()).not.toHaveProperty("file_path");
  });

  it("is relative to the project", () => {
    const pool = new SQLitePool({ filePath: "data/x.sqlite" }, { directory });
    expect(pool.filePath).toBe(join(directory, "data", "x.sqlite"));
    expect(pool.toConfig()).toMatchObject({ file_path: "data/x.sqlite" });
  });

  it.each([":memory:", "file:x?mode=memory", "http:", "100% #1?.sqlite"])(
    "may be called %s",
    async (name) => {
      const pool = new SQLitePool({ filePath: name }, { directory });
      await pool.write("a", value(1));
      await pool.close();
      expect(statSync(join(directory, name)).size).toBeGreaterThan(0);
    },
  );

  it("never gives a version twice, over deletes and reopening", async () => {
    const versions = new Set<unknown>();
    for (let round = 0; round < 5; round++) {
      const pool = new SQLitePool({ filePath });
      for (let i = 0; i < 5; i++) {
        versions.add(await pool.write("a", value(1)));
        if (i % 2) await pool.delete("a");
      }
      await pool.close();
    }
    expect(versions.size).toBe(25);
  });
});

describe("what is no pool's file", () => {
  const elsewhere: Record<string, [() => void | Promise<void>, string]> = {
    "a database of another program": [
      () => sqlite("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')"),
      "INVALID_CONFIG",
    ],
    "an empty database that another program has marked": [
      () => sqlite("PRAGMA application_id = 252006673; PRAGMA user_version = 3"),
      "INVALID_CONFIG",
    ],
    "a text": [() => writeFileSync(filePath, "no database ".repeat(500)), "CORRUPT"],
    "a directory": [() => mkdirSync(filePath), "INVALID_CONFIG"],
    "a pool's file of a later version": [
      () => meddle("PRAGMA user_version = 2"),
      "UNSUPPORTED_VERSION",
    ],
    "a pool's file with a trigger": [
      () => meddle("CREATE TRIGGER t AFTER INSERT ON laila BEGIN DELETE FROM laila; END"),
      "CORRUPT",
    ],
    "a pool's file with another table in its place": [
      () => meddle("DROP TABLE laila; CREATE TABLE laila (version, key, value)"),
      "CORRUPT",
    ],
  };

  it.each(Object.entries(elsewhere))(
    "%s is refused, and left as it is",
    async (_, [make, code]) => {
      await make();
      const isFile = statSync(filePath).isFile();
      const before = isFile ? readFileSync(filePath) : undefined;
      const pool = poolOf();
      expect(await codeOf(pool.open())).toBe(code);
      expect(await codeOf(pool.write("a", value(1)))).toBe(code);
      expect(await codeOf(pool.exists("a"))).toBe(code);
      if (isFile) expect(readFileSync(filePath).equals(before as Buffer)).toBe(true);
    },
  );

  it("an empty file is a new pool", async () => {
    writeFileSync(filePath, "");
    const pool = poolOf();
    await pool.write("a", value(1));
    expect(await pool.exists("a")).toBe(true);
  });
});

describe("damage", () => {
  it("is CORRUPT where it hits, never a missing key", async () => {
    const pool = new SQLitePool({ filePath });
    const items = Array.from({ length: 300 }, (_, i) => ({ key: `key ${i}`, bytes: value(3000) }));
    await pool.writeMany(items);
    await pool.close();
    const file = openSync(filePath, "r+");
    // Every other page but the first ones, which say what the file is.
    for (let page = 4; page * 4096 < statSync(filePath).size; page += 2)
      writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, page * 4096);
    closeSync(file);
    const damaged = poolOf();
    const outcomes = new Set<string>();
    for (const { key } of items)
      outcomes.add(await codeOf(damaged.read(key).then((found) => expect(found).toBeDefined())));
    expect(outcomes).toContain("CORRUPT");
    expect([...outcomes].filter((code) => !["CORRUPT", "done"].includes(code))).toEqual([]);
  });
});

describe("a full disk", () => {
  it("is NO_SPACE, and what was there stays", async () => {
    const pool = poolOf({ maxBytes: 1_000_000 });
    const version = await pool.write("kept", value(300_000));
    expect(await codeOf(pool.write("kept", value(2_000_000)))).toBe("NO_SPACE");
    expect(await codeOf(pool.write("more", value(2_000_000)))).toBe("NO_SPACE");
    expect(await pool.read("kept")).toMatchObject({ version });
    expect(await pool.exists("more")).toBe(false);
    await pool.delete("kept");
    await pool.write("more", value(600_000));
    await pool.close();
    expect(statSync(filePath).size).toBeLessThanOrEqual(1_000_000);
  });

  it("undoes all of many", async () => {
    const pool = poolOf({ maxBytes: 1_000_000 });
    const items = ["a", "b", "c"].map((key) => ({ key, bytes: value(400_000) }));
    const outcomes = await pool.writeMany(items);
    expect(outcomes.map(({ error }) => isLailaError(error, "NO_SPACE"))).toEqual([
      true,
      true,
      true,
    ]);
    for (const { key } of items) expect(await pool.exists(key)).toBe(false);
    expect(await codeOf(pool.write("a", value(400_000)))).toBe("done");
  });
});

describe("another connection", () => {
  it("that holds the file longer than busyTimeoutMs is LOCKED; reading goes on", async () => {
    const pool = poolOf({ busyTimeoutMs: 30 });
    await pool.write("a", value(1));
    const other = new Database(filePath);
    other.exec("BEGIN IMMEDIATE");
    expect(await codeOf(pool.write("a", value(2)))).toBe("LOCKED");
    const [outcome] = await pool.writeMany([{ key: "a", bytes: value(2) }]);
    expect(isLailaError(outcome?.error, "LOCKED")).toBe(true);
    expect((await pool.read("a"))?.bytes).toHaveLength(1);
    other.exec("COMMIT");
    other.close();
    expect(await codeOf(pool.write("a", value(2)))).toBe("done");
  });

  it("that lets go is waited for, without blocking the event loop", async () => {
    const pool = poolOf();
    await pool.write("a", value(1));
    const other = new Database(filePath);
    other.exec("BEGIN IMMEDIATE");
    const writing = pool.write("a", value(2));
    for (let turns = 0; turns < 5; turns++) await turn();
    other.exec("COMMIT");
    other.close();
    await writing;
    expect((await pool.read("a"))?.bytes).toHaveLength(2);
  });

  it("leaves a caller who gives up to go", async () => {
    const pool = poolOf();
    await pool.write("a", value(1));
    const other = new Database(filePath);
    other.exec("BEGIN IMMEDIATE");
    const controller = new AbortController();
    const outcome = codeOf(pool.write("a", value(2), { signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await outcome).toBe("ABORTED");
    other.exec("COMMIT");
    other.close();
  });
});

it("writes nothing into a file that was removed or replaced", async () => {
  const pool = poolOf();
  await pool.write("a", value(1));
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  expect(await codeOf(pool.write("a", value(2)))).toBe("NO_SUCH_STORE");
  writeFileSync(filePath, "");
  expect(await codeOf(pool.write("a", value(2)))).toBe("NO_SUCH_STORE");
});

it("leaves others their turn on the event loop, however many calls follow one another", async () => {
  const pool = poolOf();
  await pool.write("a", value(1));
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  for (let call = 0; call < 100_000 && !turned; call++) await pool.read("a");
  expect(turned).toBe(true);
});
