import { once } from "node:events";
import { HDF5Pool } from "@laila/pool-hdf5";
import { randomOf } from "./random.js";

/** What a child process is asked to do with a pool. */
export type ChildTask =
  | { readonly do: "hold"; readonly filePath: string }
  | { readonly do: "write and end"; readonly filePath: string; readonly close: boolean }
  | {
      readonly do: "crash";
      readonly filePath: string;
      readonly seed: number;
      readonly writers: number;
      readonly checkpointBytes: number;
    };

const task = JSON.parse(process.argv[2] ?? "{}") as ChildTask;

/** Pipes are written synchronously on POSIX: what was said before a kill arrives. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** `<number>:` and as many dots as make the length. */
function numbered(number: number, length: number): Uint8Array {
  return Buffer.from(`${number}:`.padEnd(length, "."));
}

/** One after another: what is about to be done is said before, what was acknowledged after it. */
async function writer(pool: HDF5Pool, name: string, seed: number): Promise<never> {
  const random = randomOf(seed);
  for (let number = seed * 1_000_000; ; number++) {
    const key = `${name} ${random(12)}`;
    if (random(4) === 0) {
      say(`intend ${key}|gone`);
      await pool.delete(key);
      say(`done ${key}|gone`);
    } else {
      say(`intend ${key}|${number}`);
      await pool.write(key, numbered(number, 10 + random(random(10) === 0 ? 20_000 : 300)));
      say(`done ${key}|${number}`);
    }
  }
}

const { filePath } = task;
if (task.do === "hold") {
  const pool = new HDF5Pool({ filePath });
  await pool.write("held", Buffer.from("by the child"));
  say("ready");
  process.stdin.resume();
  await once(process.stdin, "end");
  await pool.close();
} else if (task.do === "write and end") {
  const pool = new HDF5Pool({ filePath });
  await pool.read("kept");
  await pool.write("kept", Buffer.from("by the child"));
  // Larger than a piece: the HDF5 library complains on the way, and nobody should see it.
  await pool.write("large", new Uint8Array(5 << 20));
  if (task.close) await pool.close();
  process.stdin.destroy();
  say("ready");
} else {
  const { checkpointBytes, seed, writers } = task;
  const pool = new HDF5Pool({ filePath, checkpointBytes });
  await pool.open();
  say("ready");
  const names = Array.from({ length: writers }, (_, i) => `writer ${i}`);
  await Promise.all(names.map((name, i) => writer(pool, name, seed * 100 + i + 1)));
}
