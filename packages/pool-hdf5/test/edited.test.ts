import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import type { HDF5Pool } from "@laila/pool-hdf5";
import { afterAll, describe, expect, it } from "vitest";
import { findH5py } from "./readers.js";
import { npy, record } from "./records.js";
import { bytes, newFile, poolAt, rejection } from "./rooms.js";

const run = promisify(execFile);
const fixtures = (name: string): string =>
  fileURLToPath(new URL(`__fixtures__/${name}`, import.meta.url));
const found = await findH5py();

const floats = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const values: Readonly<Record<string, Uint8Array>> = {
  array: record("npy", npy("<f4", [2, 3], floats([1, 2, 3, 4, 5, 6]))),
  other: record("npy", npy("<f4", [2, 3], floats([7, 8, 9, 10, 11, 12]))),
  half: record("npy", npy("<f2", [2], new Uint8Array([0, 60, 0, 192]))),
  json: bytes('{"laila_record":1,"payload":[1,2,3]}'),
  bytes: record("structured", new Uint8Array([0x93, 1, 2, 3])),
};

/** The keys whose values were touched; "all": the file is refused as a whole. */
const touched: Readonly<Record<string, readonly string[] | "all">> = {
  add: [],
  change: ["array", "bytes"],
  "change-text": ["json"],
  delete: ["array", "json"],
  retype: ["array"],
  reshape: ["array"],
  resize: ["array"],
  compress: [],
  turn: [],
  strip: ["array"],
  relabel: ["array"],
  swap: ["array", "other"],
  link: ["array", "bytes", "json"],
  "forget-one-index": [],
  "forget-both": "all",
  disown: "all",
  rewrite: [],
};

/** The files of a pool that is closed, made once. */
const directory = await mkdtemp(join(tmpdir(), "laila-hdf5-edited-"));
afterAll(() => rm(directory, { recursive: true, force: true }));
let made: Promise<string> | undefined;
async function written(): Promise<string> {
  const path = join(directory, "pool.h5");
  const pool = poolAt(path);
  for (const [key, value] of Object.entries(values)) await pool.write(key, value);
  await pool.close();
  return path;
}

/** The file that the pool of a fixture would find: without sums, as after a copy. */
async function fixture(edit: string): Promise<string> {
  const path = await newFile();
  const committed = fixtures(`edited-${edit}.h5.gz`);
  if (!existsSync(committed) && found) {
    const made = await editedNow(found.python, edit);
    await writeFile(committed, gzipSync(await readFile(made), { level: 9 }));
  }
  await writeFile(path, gunzipSync(await readFile(committed)));
  return path;
}

async function editedNow(python: string, edit: string): Promise<string> {
  made ??= written();
  const path = await newFile();
  for (const suffix of ["", ".sum"]) await copyFile(`${await made}${suffix}`, `${path}${suffix}`);
  await run(python, [fixtures("edit.py"), edit, path]);
  return path;
}

/** Each value is what was written, or refused; those that nobody touched are served. */
async function expectNothingMisread(pool: HDF5Pool, wrong: readonly string[]): Promise<void> {
  for (const [key, value] of Object.entries(values)) {
    if (wrong.includes(key)) expect((await rejection(pool.read(key))).code, key).toBe("CORRUPT");
    else expect(Buffer.from((await pool.read(key))?.bytes ?? []).equals(value), key).toBe(true);
  }
  const keys: string[] = [];
  for await (const key of pool.keys()) keys.push(key);
  expect(keys.filter((key) => key !== "new").sort()).toEqual(Object.keys(values).sort());
}

const makers: { name: string; make: (edit: string) => Promise<string> }[] = [
  { name: "a fixture that h5py edited", make: fixture },
];
if (found) {
  const { python, version } = found;
  makers.push({
    name: `a file that ${version} edits now`,
    make: (edit) => editedNow(python, edit),
  });
}

it(`was tried with ${makers.map(({ name }) => name).join(" and ")}`, () => {
  if (!found) console.warn("h5py was NOT found: only the committed fixtures were tried.");
  expect(makers.length).toBe(found ? 2 : 1);
});

describe.each(makers)("$name", ({ make }) => {
  it.each(Object.entries(touched))("%s: nothing is misread", async (edit, wrong) => {
    const path = await make(edit);
    // With its sums beside it, such a file is salvaged: every value is found by its own checksum.
    if (wrong === "all" && !existsSync(`${path}.sum`)) {
      const { code } = await rejection(poolAt(path).open());
      expect(["CORRUPT", "INVALID_CONFIG"]).toContain(code);
      return;
    }
    const refused = wrong === "all" ? [] : wrong;
    const pool = poolAt(path);
    await expectNothingMisread(pool, refused);
    if (make === fixture) return;
    await pool.write("new", bytes("1"));
    await pool.close();
    // It was written anew, and is read by its own sums.
    await expectNothingMisread(poolAt(path), refused);
  });
});
