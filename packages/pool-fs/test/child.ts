import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { isLailaError } from "@laila/pool";
import { FilesystemPool } from "@laila/pool-fs";
import { files } from "../src/files.js";
import { KeyLocks } from "../src/key-locks.js";
import { Layout } from "../src/layout.js";
import { placeOf } from "../src/names.js";
import { Writer } from "../src/writer.js";

/** What a child process is asked to do with the pool in a directory. */
export type ChildTask = { readonly directory: string } & (
  | { readonly do: "hold the lock" | "hold it in a worker" | "stop half way"; readonly key: string }
  | { readonly do: "write"; readonly key: string; readonly bytes: number }
  | { readonly do: "write and delete"; readonly name: string; readonly seed: number }
  | { readonly do: "increment"; readonly key: string; readonly times: number }
  | { readonly do: "claim"; readonly name: string; readonly keys: number }
  | { readonly do: "write and end"; readonly key: string }
  | { readonly do: "write many at once"; readonly keys: number }
  | { readonly do: "look as another user"; readonly key: string }
);

const task = (isMainThread ? JSON.parse(process.argv[2] ?? "{}") : workerData) as ChildTask;
const { directory } = task;

/** Pipes are written synchronously on POSIX: what was said before a kill arrives. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "done",
    (error: unknown) => (isLailaError(error) ? error.code : String(error)),
  );
}

async function holdLock(key: string, held: () => Promise<void>): Promise<void> {
  const layout = new Layout(directory);
  const writer = new Writer(layout);
  await layout.prepare(() => writer.temporary());
  await new KeyLocks(layout, writer).hold(placeOf(key).hash, undefined, held);
  await writer.retire();
}

/** mulberry32: small, and the same on every run of a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One after another: what is about to be done is said before, what was acknowledged after it. */
async function writeAndDelete(name: string, seed: number): Promise<never> {
  const pool = new FilesystemPool({ directory });
  const random = randomOf(seed);
  say("ready");
  for (let number = seed * 1_000_000; ; number++) {
    // The long ones have their keys inside their files.
    const id = random(8);
    const key = `${name} ${id}${id % 2 ? "!".repeat(300) : ""}`;
    if (random(4) === 0) {
      say(`intend ${key}|gone`);
      await pool.delete(key);
      say(`done ${key}|gone`);
    } else {
      const length = 10 + random(random(10) === 0 ? 200_000 : 300);
      say(`intend ${key}|${number}`);
      await pool.write(key, Buffer.from(`${number}:`.padEnd(length, ".")));
      say(`done ${key}|${number}`);
    }
  }
}

async function increment(key: string, times: number): Promise<void> {
  const pool = new FilesystemPool({ directory });
  for (let done = 0; done < times; ) {
    const found = await pool.read(key);
    const next = Buffer.from(String(Number(text(found?.bytes)) + 1));
    const ifVersion = found?.version ?? "";
    try {
      await pool.write(key, next, { condition: { ifVersion } });
      done++;
      say("incremented");
    } catch (error) {
      if (!isLailaError(error, "CONFLICT")) throw error;
    }
  }
  await pool.close();
}

async function claim(name: string, keys: number): Promise<void> {
  const pool = new FilesystemPool({ directory });
  await pool.open();
  say("ready");
  await once(process.stdin, "data");
  for (let i = 0; i < keys; i++) {
    const key = `claimed ${i}`;
    const write = pool.write(key, Buffer.from(name), { condition: { ifAbsent: true } });
    say(`${await codeOf(write)} ${key}`);
  }
  await pool.close();
}

async function inputEnded(): Promise<void> {
  process.stdin.resume();
  await once(process.stdin, "end");
}

switch (task.do) {
  case "hold the lock":
    await holdLock(task.key, async () => {
      if (parentPort) {
        parentPort.postMessage("holding");
        await new Promise(() => setInterval(() => undefined, 1000));
      }
      say("holding");
      await inputEnded();
    });
    break;
  case "hold it in a worker": {
    const worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: { ...task, do: "hold the lock" } satisfies ChildTask,
    });
    await once(worker, "message");
    const pool = new FilesystemPool({ directory });
    const write = pool.write(task.key, Buffer.from("after the worker"));
    const first = await Promise.race([
      write,
      new Promise((tell) => setTimeout(tell, 200, "waits")),
    ]);
    say(first === "waits" ? "waits" : "did not wait");
    await worker.terminate();
    await write;
    say("written");
    await pool.close();
    break;
  }
  case "stop half way": {
    const pool = new FilesystemPool({ directory });
    await pool.write("before", Buffer.from("x"));
    const { fsync } = files;
    files.fsync = () => {
      files.fsync = fsync;
      say("half way");
      return inputEnded();
    };
    await pool.write(task.key, Buffer.from("half way"));
    say("done");
    await pool.close();
    break;
  }
  case "write": {
    const pool = new FilesystemPool({ directory });
    say(await codeOf(pool.write(task.key, new Uint8Array(task.bytes))));
    await pool.close();
    break;
  }
  case "write and end": {
    const pool = new FilesystemPool({ directory });
    await pool.write(task.key, Buffer.from("kept"));
    process.stdin.destroy();
    break;
  }
  case "write many at once": {
    const pool = new FilesystemPool({ directory });
    const keys = Array.from({ length: task.keys }, (_, i) => `key ${i}`);
    const writes = Promise.all(keys.map((key) => pool.write(key, Buffer.from(key))));
    say(await codeOf(writes));
    say(await codeOf(Promise.all(keys.map((key) => pool.read(key)))));
    say(await codeOf(Promise.all(keys.map((key) => pool.read(`no ${key}`)))));
    await pool.close();
    break;
  }
  case "write and delete":
    await writeAndDelete(task.name, task.seed);
    break;
  case "increment":
    await increment(task.key, task.times);
    break;
  case "claim":
    await claim(task.name, task.keys);
    break;
  case "look as another user": {
    // The user "nobody", if this is root, whom permissions do not stop.
    if (process.getuid?.() === 0) process.setuid?.(65_534);
    const pool = new FilesystemPool({ directory });
    const found = await pool.read(task.key).catch(() => undefined);
    const keys: string[] = [];
    const list = async (): Promise<void> => {
      for await (const key of pool.keys()) keys.push(key);
    };
    const outcomes = {
      read: await codeOf(pool.read(task.key)),
      value: text(found?.bytes),
      write: await codeOf(pool.write(task.key, Buffer.from("mine"))),
      delete: await codeOf(pool.delete(task.key)),
      exists: await codeOf(pool.exists(task.key)),
      keys: await codeOf(list()),
      listed: keys,
    };
    say(JSON.stringify(outcomes));
    await pool.close();
    break;
  }
}
