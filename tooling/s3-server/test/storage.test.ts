import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unconditionally } from "../src/conditions.js";
import { S3Error } from "../src/errors.js";
import { staging } from "../src/objects.js";
import { Storage } from "../src/storage.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "s3-server-storage-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function* once(text: string) {
  yield Buffer.from(text);
}

const write = (storage: Storage, bucket: string, key: string, text: string) =>
  staging(storage, once(text), (staged) => {
    const draft = { size: text.length, etag: `"${text}"`, headers: {}, metadata: {} };
    return storage.commit(bucket, key, staged, draft, unconditionally);
  });

test("a reader always finds a version of a key that is overwritten all the time", async () => {
  const storage = await Storage.open(directory, false);
  await storage.createBucket("busy");
  await write(storage, "busy", "key", "0000");
  let writing = true;
  const writer = (async () => {
    for (let i = 1; i < 500; i++) await write(storage, "busy", "key", String(i).padStart(4, "0"));
    writing = false;
  })();
  const reader = async () => {
    while (writing) {
      const { version, handle } = await storage.open("busy", "key");
      const bytes = Buffer.alloc(version.size);
      await handle.read(bytes, 0, version.size, 0);
      await handle.close();
      expect(`"${bytes.toString()}"`).toBe(version.etag);
    }
  };
  await Promise.all([writer, reader(), reader(), reader(), reader()]);
  expect(await readdir(join(directory, "buckets", "busy", "objects"))).toHaveLength(1);
});

test("a reader finds a key that is deleted and written all the time, or finds that it is gone", async () => {
  const storage = await Storage.open(directory, false);
  await storage.createBucket("flicker");
  let writing = true;
  const writer = (async () => {
    for (let i = 1; i < 300; i++) {
      await write(storage, "flicker", "key", String(i));
      await storage.remove("flicker", "key", undefined, unconditionally);
    }
    writing = false;
  })();
  const reader = async () => {
    while (writing) {
      try {
        await (await storage.open("flicker", "key")).handle.close();
      } catch (error) {
        expect(error).toMatchObject({ code: "NoSuchKey" });
        await nextTurn();
      }
    }
  };
  await Promise.all([writer, reader(), reader(), reader(), reader()]);
});

test("a bucket is not deleted under a write", async () => {
  const storage = await Storage.open(directory, false);
  for (let round = 0; round < 60; round++) {
    await storage.createBucket("rivals");
    const code = (error: unknown) => {
      if (error instanceof S3Error) return error.code;
      throw error;
    };
    const writing = write(storage, "rivals", "key", "x").then(() => "written", code);
    // The delete comes at another point of the write each time.
    for (let turn = 0; turn < round % 10; turn++) await nextTurn();
    const outcomes = await Promise.all([
      writing,
      storage.deleteBucket("rivals").then(() => "deleted", code),
    ]);
    expect([
      ["written", "BucketNotEmpty"],
      ["NoSuchBucket", "deleted"],
    ]).toContainEqual(outcomes);
    if (outcomes[0] !== "written") continue;
    await storage.remove("rivals", "key", undefined, unconditionally);
    await storage.deleteBucket("rivals");
  }
});

test("a file that is not the server's own is an error, not an object", async () => {
  const storage = await Storage.open(directory, false);
  await storage.createBucket("foreign");
  await writeFile(join(directory, "buckets", "foreign", "objects", "stray"), "hello, stray file");
  await expect(Storage.open(directory, false)).rejects.toThrow(/not an object file/);
});
