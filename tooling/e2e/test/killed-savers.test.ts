import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { environmentHistory, gc, loadEnvironment, type SaveResult } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";
import { faultPlan, type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./support/processes.js";

const writers = 20;
const victims = 7;
const savesEach = 2;
const seed = Number(process.env.LAILA_RACE_SEED ?? 20_261_123);

let server: S3Server;
let project: Project;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["killed-savers"] });
  project = await Project.create(server, "killed-savers");
});
afterAll(async () => {
  await server.close();
  await project[Symbol.asyncDispose]();
});

/** One in five requests meets with something; what was done, in a good part of them. */
const badLine = faultPlan(seed, [
  { fault: "reset", probability: 0.06 },
  { fault: "reset-after-commit", probability: 0.08 },
  { fault: { status: 503, code: "SlowDown" }, probability: 0.05 },
  { fault: { status: 500, code: "InternalError" }, probability: 0.04 },
]);

interface Sent {
  readonly ready?: true;
  readonly saving?: number;
  readonly saved?: SaveResult;
  readonly failed?: { readonly code: string; readonly outcome?: string; readonly message: string };
}

class Racer {
  readonly sent: Sent[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = "";

  constructor(author: string) {
    const file = fileURLToPath(new URL("../node_modules/.processes/racer.mjs", import.meta.url));
    const env = { PATH: process.env.PATH, HOME: project.home, LAILA_HOME: project.home };
    this.#child = fork(file, [`${savesEach}`, author], {
      cwd: project.folder,
      env: { ...env, NODE_ENV: "test" },
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (text) => {
        this.output += String(text);
      });
    this.#child.on("message", (message) => this.sent.push(message as Sent));
    this.#ended = once(this.#child, "close");
  }

  async ready(): Promise<void> {
    while (!this.sent.some(({ ready }) => ready)) await once(this.#child, "message");
  }

  begin(): void {
    this.#child.send("begin");
  }

  /** SIGKILL, so long after it began to save for the `nth` time, unless it has ended by then. */
  async killIn(nth: number, milliseconds: number): Promise<void> {
    while (!this.sent.some(({ saving }) => saving === nth)) {
      const more = await Promise.race([
        once(this.#child, "message"),
        this.#ended.then(() => "end"),
      ]);
      if (more === "end") return;
    }
    await delay(milliseconds);
    this.#child.kill("SIGKILL");
  }

  /** By what it ended: its code, or the signal. */
  async ended(): Promise<unknown> {
    const [code, signal] = (await this.#ended) as [number | null, string | null];
    return signal ?? code;
  }
}

test(`${writers} processes at one in five faults, ${victims} of them killed: one line, nothing reported is lost`, {
  timeout: 240_000,
}, async () => {
  const racers = Array.from({ length: writers }, (_, i) => new Racer(`${i}`));
  await Promise.all(racers.map((racer) => racer.ready()));
  server.fault(badLine);
  for (const racer of racers) racer.begin();
  // Spread over the writes of a save and its waiting, from seed to seed elsewhere.
  const killings = racers
    .slice(0, victims)
    .map((racer, i) => racer.killIn(i % savesEach, (seed % 37) + i * 23));
  await Promise.all(killings);
  const ends = await Promise.all(racers.map((racer) => racer.ended()));
  server.fault(undefined);
  // Whether a signal still met a process that was about to end, its end tells, and nothing before.
  const killed = ends.slice(0, victims).filter((end) => end === "SIGKILL");
  expect(killed.length).toBeGreaterThan(victims / 2);
  expect([...new Set(ends.slice(victims))]).toEqual([0]);
  expect(["SIGKILL", 0]).toEqual(expect.arrayContaining(ends));
  const struck = server.requests.filter(({ fault }) => fault !== undefined).length;
  expect(struck / server.requests.length).toBeGreaterThan(0.1);

  const pool = new S3Pool({
    bucketName: "killed-savers",
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
  });
  const { versions, current } = await environmentHistory({ name: "prod", pool });
  const line = [...versions].reverse();
  // Without gap or duplicate, each on top of the one before, each act once.
  expect(line.map(({ version }) => version)).toEqual(line.map((_, i) => i + 1));
  expect(current).toBe(line.length);
  expect(line.map(({ parent }) => parent)).toEqual(line.map((_, i) => (i === 0 ? null : i)));
  const acts = line.map(({ author, message }) => `${author}:${message}`);
  expect(new Set(acts).size).toBe(acts.length);

  // None reported and lost.
  const reported = racers.flatMap(({ sent }) =>
    sent.flatMap(({ saved }) => (saved ? [saved] : [])),
  );
  expect(reported.length).toBeGreaterThanOrEqual(writers);
  expect(new Set(reported.map(({ version }) => version)).size).toBe(reported.length);
  for (const { version, leafId, digest } of reported)
    expect(line[version - 1]).toMatchObject({ version, leafId, digest });
  // Every version can be recovered.
  for (const { version, digest } of line) {
    const loaded = await loadEnvironment({ name: "prod", pool, version });
    expect(loaded.info).toMatchObject({ version, digest });
  }
  // Whoever was told "not saved" for certain was told the truth.
  for (const [i, { sent }] of racers.entries()) {
    let act = -1;
    for (const { saving, failed } of sent) {
      act = saving ?? act;
      if (failed && failed.outcome !== "unknown") expect(acts).not.toContain(`${i}:${act}`);
    }
  }
  // What the killed left behind is unreached, and stays as long as it is young.
  const { counts, manifests, reached } = await gc(pool);
  expect([manifests, reached, counts.garbage]).toEqual([1, line.length, 0]);
  const objects = await server.listObjects("killed-savers");
  const entries = objects.filter((name) => name.includes("ENTRY"));
  expect(counts.young).toBe(entries.length - line.length);
  await pool.close();
});
