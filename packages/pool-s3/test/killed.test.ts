import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, it } from "vitest";
import type { KilledReport, KilledTask } from "./killed-child.js";
import { keysOf } from "./server.js";
import { Model, markOf } from "./soak-model.js";

// `npm run soak:s3` sets it; tests have no other way to be told.
const kills = process.env.LAILA_SOAK === "full" ? 50 : 8;
const program = fileURLToPath(new URL("../node_modules/.laila-killed-child.mjs", import.meta.url));
const MiB = 2 ** 20;

interface Moment {
  /** How many writes have been done. */
  readonly writes: number;
  /** And so many milliseconds later. */
  readonly ms: number;
}

/** Starts a child, and kills it at that moment. The model learns what it told. */
async function killed(task: KilledTask, model: Model, { writes, ms }: Moment): Promise<number> {
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  child.stdin.write(`${JSON.stringify(task)}\n`);
  let done = 0;
  const reports = createInterface({ input: child.stdout });
  reports.on("line", (line) => {
    const { event, key, id, size }: KilledReport = JSON.parse(line);
    if (event === "begins") model.mayBe(key, { id, size });
    else model.is(key, { id, size });
    if (event === "done") done += 1;
  });
  const enough = new Promise<void>((resolve) => {
    reports.on("line", () => done >= writes && resolve());
  });
  const ended = once(reports, "close");
  await Promise.race([enough, gone]);
  await setTimeout(ms);
  child.kill("SIGKILL");
  const [code, signal] = await gone;
  await ended;
  expect({ code, signal }).toEqual({ code: null, signal: "SIGKILL" });
  return done;
}

it(`leaves old or new, and never a part, after each of ${kills} kills in the middle of writes`, {
  timeout: kills * 10_000,
}, async () => {
  const server = await startS3Server({ buckets: ["bucket"] });
  const model = new Model();
  const config = { ...keysOf(server), bucketName: "bucket" };
  let done = 0;
  let unfinished = 0;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const task = { config, firstId: (kill + 1) * 10_000, largeBytes: 17 * MiB };
      done += await killed(task, model, { writes: kill % 4, ms: (kill * 37) % 150 });
      // What the server had whole when its client died, it may do a moment later.
      await setTimeout(50);
      for (const key of model.keys()) {
        const possible = model.possible(key);
        if (possible.length > 1) unfinished += 1;
        const stored = await server.readObject("bucket", encodeURIComponent(key));
        if (stored !== undefined) markOf(stored, possible);
        else expect(possible, `${key} is lost`).toContain(undefined);
      }
      // New keys are nobody's after their child; so the next look is as short as this one.
      for (const key of await server.listObjects("bucket")) {
        // What tries conditions out is no value: no listing of the pool shows it.
        if (key.startsWith(".laila-probe-")) continue;
        expect([...model.keys()].map(encodeURIComponent)).toContain(key);
      }
    }
    // Both have to be among what was tried, or nothing was.
    expect(done).toBeGreaterThan(kills);
    expect(unfinished).toBeGreaterThan(kills);
  } finally {
    await server.close();
  }
});
