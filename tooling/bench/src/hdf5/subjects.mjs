import { closeSync, existsSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HDF5Pool } from "@laila/pool-hdf5";
import { ClassicLevel } from "classic-level";
import { Dataset, File, ready } from "h5wasm/node";
import Database from "libsql";

/** @typedef {import("./values.mjs").Item} Item */
/**
 * What has been written when a call returns is on the disk, with the exceptions that are named below.
 *
 * @typedef {{
 *   write(item: Item): Promise<unknown> | unknown,
 *   batch(items: readonly Item[]): Promise<unknown> | unknown,
 *   read(key: string): Promise<unknown> | unknown,
 *   list(): Promise<number> | number,
 *   close(): Promise<unknown> | unknown,
 * }} Store
 * @typedef {(directory: string) => Promise<Store>} Open Opens what is in the directory, or makes it anew.
 */

/** @type {Open} */
const laila = async (directory) => {
  const pool = new HDF5Pool({ filePath: join(directory, "pool.h5") });
  await pool.open();
  return {
    // As a policy does, whose records are made for this: the pool keeps the bytes without a copy.
    write: ({ key, bytes }) => pool.write(key, bytes, { handOver: true }),
    batch: async (items) => {
      const all = items.map(({ key, bytes }) => ({ key, bytes, handOver: true }));
      for (const { error } of await pool.writeMany(all)) if (error) throw error;
    },
    read: async (key) => (await pool.read(key))?.bytes,
    list: async () => {
      let count = 0;
      for await (const _ of pool.keys()) count++;
      return count;
    },
    close: () => pool.close(),
  };
};

/**
 * Nothing is durable here before `close`, nor after it: it is what the library alone costs.
 *
 * @type {Open}
 */
const h5wasm = async (directory) => {
  await ready;
  const path = join(directory, "raw.h5");
  const file = new File(path, existsSync(path) ? "r" : "w");
  const write = (/** @type {Item} */ { key, bytes, floats }) =>
    file.create_dataset({ name: key, data: floats ?? bytes });
  return {
    write,
    batch: (items) => items.forEach(write),
    read: (key) => {
      const found = file.get(key);
      return found instanceof Dataset ? found.value : undefined;
    },
    list: () => file.keys().length,
    close: () => file.close(),
  };
};

/** @type {Open} */
const level = async (directory) => {
  const db = new ClassicLevel(join(directory, "level"), { valueEncoding: "view" });
  await db.open();
  return {
    write: ({ key, bytes }) => db.put(key, bytes, { sync: true }),
    batch: (items) =>
      db.batch(
        items.map(({ key, bytes }) => ({ type: "put", key, value: bytes })),
        { sync: true },
      ),
    read: (key) => db.get(key),
    list: async () => (await db.keys().all()).length,
    close: () => db.close(),
  };
};

/** @type {Open} */
const sqlite = async (directory) => {
  const db = new Database(join(directory, "values.sqlite"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID");
  const put = db.prepare("INSERT OR REPLACE INTO entries VALUES (?, ?)");
  const get = db.prepare("SELECT value FROM entries WHERE key = ?");
  const keys = db.prepare("SELECT key FROM entries");
  const write = (/** @type {Item} */ { key, bytes }) => put.run(key, buffer(bytes));
  const writeAll = db.transaction((/** @type {readonly Item[]} */ items) => items.forEach(write));
  return {
    write,
    batch: writeAll,
    read: (key) => /** @type {{ value?: unknown } | undefined} */ (get.get(key))?.value,
    list: () => keys.all().length,
    close: () => db.close(),
  };
};

const buffer = (/** @type {Uint8Array} */ { buffer, byteOffset, byteLength }) =>
  Buffer.from(buffer, byteOffset, byteLength);

/**
 * A file for each value: written beside, synced, renamed; the directory is synced with it.
 *
 * @type {Open}
 */
const nodeFs = async (directory) => {
  let drafts = 0;
  const syncAll = async () => {
    const handle = await open(directory, "r");
    await handle.sync();
    await handle.close();
  };
  const place = async (/** @type {Item} */ { key, bytes }) => {
    const draft = join(directory, `.draft-${++drafts}`);
    await writeFile(draft, bytes, { flush: true });
    await rename(draft, join(directory, key));
  };
  return {
    write: async (item) => {
      await place(item);
      await syncAll();
    },
    batch: async (items) => {
      const rest = [...items];
      const work = async () => {
        for (let item = rest.pop(); item; item = rest.pop()) await place(item);
      };
      await Promise.all(Array.from({ length: 64 }, work));
      await syncAll();
    },
    read: (key) => readFile(join(directory, key)),
    list: async () => (await readdir(directory)).length,
    close: () => undefined,
  };
};

/**
 * The least that writing can cost: the bytes appended to one file, and `fsync`. It finds values by the order in
 * which they were written.
 *
 * @type {Open}
 */
const disk = async (directory) => {
  const fd = openSync(join(directory, "bytes"), "a+");
  /** @type {Map<string, { at: number, length: number }>} */
  const places = new Map();
  let end = 0;
  const append = (/** @type {Item} */ { key, bytes }) => {
    let done = 0;
    while (done < bytes.length) done += writeSync(fd, bytes, done);
    places.set(key, { at: end, length: bytes.length });
    end += bytes.length;
  };
  return {
    write: (item) => {
      append(item);
      fsyncSync(fd);
    },
    batch: (items) => {
      items.forEach(append);
      fsyncSync(fd);
    },
    read: (key) => {
      const { at, length } = places.get(key) ?? { at: 0, length: 0 };
      const bytes = Buffer.allocUnsafeSlow(length);
      readSync(fd, bytes, 0, length, at);
      return bytes;
    },
    list: () => places.size,
    close: () => closeSync(fd),
  };
};

/** @type {Readonly<Record<string, Open>>} */
export const subjects = {
  laila,
  h5wasm,
  "classic-level": level,
  SQLite: sqlite,
  "Node's fs": nodeFs,
  disk,
};
