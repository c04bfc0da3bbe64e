import {
  appendFile,
  chmod,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { files } from "../src/files.js";
import { bytes, companions, crashImage, newFile, poolAt, rejection, text } from "./rooms.js";

async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path);
  content[at] = (content[at] ?? 0) ^ 0x40;
  await writeFile(path, content);
}

/** Where a text lies in a file. */
async function find(path: string, part: string): Promise<number> {
  const at = (await readFile(path)).indexOf(part);
  if (at < 0) throw new Error(`${part} is not in ${path}`);
  return at;
}

const keys = Array.from({ length: 30 }, (_, i) => `key ${i}`);
const valueOfKey = (key: string): string => `the value of ${key}, and some more of it`;

/** The files of a pool that was killed with thirty values in its journal. */
async function inJournal(): Promise<string> {
  const file = await newFile();
  const pool = poolAt(file);
  for (const key of keys) await pool.write(key, bytes(valueOfKey(key)));
  const image = await crashImage(file);
  await pool.close();
  return image;
}

/** The file of a pool that was closed with thirty values. */
async function inSnapshot(): Promise<string> {
  const file = await newFile();
  const pool = poolAt(file);
  for (const key of keys) await pool.write(key, bytes(valueOfKey(key)));
  await pool.close();
  return file;
}

describe("one damaged byte", () => {
  it("in the journal hits the value it is in, and nothing else", async () => {
    const file = await inJournal();
    await flip(`${file}.journal.1`, await find(`${file}.journal.1`, "of key 17,"));
    const pool = poolAt(file);
    for (const key of keys) {
      if (key === "key 17") {
        const error = await rejection(pool.read(key));
        expect(error.code).toBe("CORRUPT");
        expect(error.details.key).toBe(key);
        expect(await pool.exists(key)).toBe(true);
      } else expect(text(await pool.read(key))).toBe(valueOfKey(key));
    }
    expect(pool.damage).toMatchObject([{ key: "key 17", file: `${file}.journal.1` }]);
    await pool.close();

    expect(await companions(file), "the damaged journal is kept").toContain(".damaged-journal-1");
    const again = poolAt(file);
    expect((await rejection(again.read("key 17"))).code, "still").toBe("CORRUPT");
    await again.write("key 17", bytes("healed"));
    expect(text(await again.read("key 17"))).toBe("healed");
  });

  it("in the length of a journal's record hits nothing", async () => {
    const file = await inJournal();
    const key = await find(`${file}.journal.1`, "key 17the");
    await flip(`${file}.journal.1`, key - 40 + 24);
    const pool = poolAt(file);
    for (const each of keys) expect(text(await pool.read(each))).toBe(valueOfKey(each));
  });

  it("in the HDF5 file is CORRUPT, and never wrong data", async () => {
    const file = await inSnapshot();
    await flip(file, await find(file, "value of key 9,"));
    const pool = poolAt(file);
    for (const key of keys) {
      if (key === "key 9") expect((await rejection(pool.read(key))).code).toBe("CORRUPT");
      else expect(text(await pool.read(key))).toBe(valueOfKey(key));
    }
    // A rewritten file keeps the damage in mind, and the old one beside it.
    await pool.write("key 1", bytes("changed"));
    await pool.close();
    expect(await companions(file)).toContain(".damaged-snapshot-2");
    const again = poolAt(file);
    expect((await rejection(again.read("key 9"))).code).toBe("CORRUPT");
    expect(text(await again.read("key 1"))).toBe("changed");
    await again.delete("key 9");
    expect(await again.read("key 9")).toBeUndefined();
  });
});

it("in a journal is verified and repaired, while others write", async () => {
  const file = await inJournal();
  const pool = poolAt(file);
  await pool.open();
  expect((await pool.verify()).damage).toEqual([]);
  // After the pool was opened: nothing but reading it tells.
  const journal = `${file}.journal.1`;
  const content = await readFile(journal);
  await flip(journal, await find(journal, "of key 17,"));
  await flip(journal, 70);
  const { entries, damage } = await pool.verify();
  expect(entries).toBe(keys.length);
  expect(damage).toContainEqual({ file: journal, key: "key 17" });
  expect(damage, "the second copy of the header").toContainEqual({
    file: journal,
    start: 0,
    end: 128,
  });
  const writing = Array.from({ length: 20 }, (_, i) => pool.write(`meanwhile ${i}`, bytes("1")));
  const repaired = await pool.repair();
  expect(repaired.removed).toEqual(["key 17"]);
  expect(repaired.aside).toEqual([`${file}.damaged-journal-1`]);
  expect((await readFile(`${file}.damaged-journal-1`)).length).toBeGreaterThanOrEqual(
    content.length,
  );
  await Promise.all(writing);
  expect((await pool.verify()).damage).toEqual([]);
  await pool.close();
  const again = poolAt(file);
  expect(await again.exists("key 17")).toBe(false);
  for (let i = 0; i < 20; i++) expect(text(await again.read(`meanwhile ${i}`))).toBe("1");
});

it("a damaged file whose replacement fails keeps its one name, and opens again", async () => {
  const file = await inSnapshot();
  await flip(file, await find(file, "value of key 9,"));
  const pool = poolAt(file);
  await pool.write("key 1", bytes("changed"));
  const rename = vi
    .spyOn(files, "rename")
    .mockRejectedValue(Object.assign(new Error("EIO: injected"), { code: "EIO" }));
  await rejection(pool.close());
  rename.mockRestore();
  expect(await companions(file)).not.toContain(".damaged-snapshot-2");
  expect((await stat(file)).nlink).toBe(1);
  expect(text(await poolAt(file).read("key 1"))).toBe("changed");
});

it("leaves files alone whose names only begin like its own", async () => {
  const file = await inSnapshot();
  await writeFile(`${file}.tmp-my-notes`, "mine");
  await writeFile(`${file}.tmp-7`, "a snapshot that nobody finished");
  const pool = poolAt(file);
  await pool.write("key 1", bytes("changed"));
  await pool.close();
  expect(await readFile(`${file}.tmp-my-notes`, "utf8")).toBe("mine");
  expect(await companions(file)).not.toContain(".tmp-7");
});

it("tells the end of a write that was cut off from what was acknowledged", async () => {
  const file = await inJournal();
  await appendFile(`${file}.journal.1`, "half a record");
  const pool = poolAt(file);
  for (const key of keys) expect(text(await pool.read(key))).toBe(valueOfKey(key));
  expect(pool.damage).toEqual([]);
  const [aside] = (await companions(file)).filter((name) => name.startsWith(".torn-1-"));
  expect(await readFile(`${file}${aside}`, "utf8"), "set aside").toBe("half a record");
});

it("loses nothing when one copy of the index is damaged, or both; without the sums as well it says so", async () => {
  const file = await inSnapshot();
  const content = await readFile(file);
  const first = content.indexOf("LAIX");
  const second = content.indexOf("LAIX", first + 1);
  await flip(file, first + 300);
  const pool = poolAt(file);
  for (const key of keys) expect(text(await pool.read(key))).toBe(valueOfKey(key));
  await pool.close();
  await flip(file, second + 900);
  const salvaged = poolAt(file);
  for (const key of keys) expect(text(await salvaged.read(key))).toBe(valueOfKey(key));
  expect(salvaged.damage).toEqual([{ file }]);
  await salvaged.close();
  await rm(`${file}.sum`);
  expect((await rejection(poolAt(file).open())).code).toBe("CORRUPT");
});

it("keeps the permissions that the file was given", async () => {
  const file = await inSnapshot();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await chmod(file, 0o644);
  const pool = poolAt(file);
  await pool.delete("key 1");
  await pool.close();
  expect((await stat(file)).mode & 0o777).toBe(0o644);
});

describe("a file that is not the pool's", () => {
  it("is refused when it is another program's HDF5 file, and not touched", async () => {
    const file = await newFile();
    const { ready, File } = await import("h5wasm/node");
    await ready;
    const foreign = new File(file, "w");
    foreign.create_dataset({ name: "precious", data: new Float64Array([1, 2, 3]) });
    foreign.close();
    const before = await readFile(file);
    const pool = poolAt(file);
    const error = await rejection(pool.write("a", bytes("1")));
    expect(error.code).toBe("INVALID_CONFIG");
    expect(error.message).toContain("not one of a LAILA pool");
    expect(await readFile(file)).toEqual(before);
    expect(await companions(file)).toEqual([""]);
  });

  it.each([
    ["text", Buffer.from("no HDF5 at all")],
    ["nothing", Buffer.alloc(0)],
    ["a signature and rubbish", Buffer.from("\x89HDF\r\n\x1a\n and then rubbish", "latin1")],
  ])("is CORRUPT when it is %s, and not touched", async (_, content) => {
    const file = await newFile();
    await writeFile(file, content);
    const error = await rejection(poolAt(file).open());
    expect(error.code).toBe("CORRUPT");
    expect(error.message).toContain(file);
    expect(await readFile(file)).toEqual(content);
    expect(await companions(file)).toEqual([""]);
  });

  it("is CORRUPT when it is cut off", async () => {
    const file = await inSnapshot();
    await truncate(file, 700);
    expect((await rejection(poolAt(file).open())).code).toBe("CORRUPT");
  });

  it("is CORRUPT when its journals belong to another, or it is older than they are", async () => {
    const file = await inJournal();
    const other = await inSnapshot();
    await writeFile(`${file}.journal.2`, await readFile(`${file}.journal.1`));
    expect((await rejection(poolAt(file).open())).code).toBe("CORRUPT");
    await rm(`${file}.journal.1`);
    expect((await rejection(poolAt(file).open())).code).toBe("CORRUPT");
    await writeFile(`${other}.journal.2`, await readFile(`${file}.journal.2`));
    expect((await rejection(poolAt(other).open())).code).toBe("CORRUPT");
    expect((await readdir(dirname(other))).sort(), "nothing was removed").toEqual([
      "pool.h5",
      "pool.h5.journal.2",
      "pool.h5.sum",
    ]);
  });
});
