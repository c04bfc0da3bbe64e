import { readFile, writeFile } from "node:fs/promises";
import { isLailaError } from "@laila/pool";
import { afterEach, expect, it } from "vitest";
import { WorkerClient } from "../src/worker-client.js";
import { bytes, newFile, poolAt, rejection } from "./rooms.js";

const typed = ["CORRUPT", "INVALID_CONFIG", "UNSUPPORTED_VERSION"];
const client = new WorkerClient();
afterEach(() => client.stop());

async function snapshot(): Promise<string> {
  const file = await newFile();
  const pool = poolAt(file);
  await pool.write("a", bytes("1"));
  await pool.close();
  return file;
}

it("fails what is waited for when its worker ends, and starts another for the next call", async () => {
  const file = await snapshot();
  const { epoch } = client;
  const waiting = rejection(client.call("open", file));
  await client.stop();
  expect((await waiting).code).toBe("UNAVAILABLE");
  expect(client.epoch).toBeGreaterThan(epoch);
  expect((await client.call("open", file)).mark.generation).toBe(1);
});

it("stays whole after a thousand malformed files", async () => {
  const file = await snapshot();
  const whole = await readFile(file);
  for (let run = 0; run < 1000; run++) {
    const damaged = Buffer.from(whole);
    // Another place and another bit each time, mostly in what the library parses before our own index.
    const at = (run * 7919) % Math.min(whole.length, 2048);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (run % 8));
    await writeFile(`${file}.damaged`, damaged);
    const opened = await client.call("open", `${file}.damaged`).catch((error: unknown) => error);
    if (isLailaError(opened)) expect(typed).toContain(opened.code);
    else await client.call("close", (opened as { handle: number }).handle);
  }
  expect((await client.call("open", file)).mark.generation).toBe(1);
});
