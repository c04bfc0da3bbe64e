import { once } from "node:events";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { decodeRecord, documentDigest } from "@laila/schema";
import { afterAll, expect, test } from "vitest";
import type { Failure, Life, RecoverStep, Setup } from "../src/api.js";
import { expectNoSecrets, startDemo } from "./server.js";

const demo = await startDemo();
afterAll(async () => {
  await expectNoSecrets(demo);
  await demo.stop();
});
const steps = ["process", "document", "plan", "pools", "compare", "remember"];

const kill = (deleteFiles: boolean) => demo.json<Life>("/api/life/kill", { body: { deleteFiles } });

/** The steps that have ended; each was told before when it began. */
async function recover(name: string): Promise<RecoverStep[]> {
  const lines = await demo.lines<RecoverStep>("/api/life/recover", { body: { name } });
  const [begun, ended] = [
    lines.filter(({ ms }) => ms === null),
    lines.filter(({ ms }) => ms !== null),
  ];
  expect(begun.map(({ step }) => step)).toEqual(ended.map(({ step }) => step));
  return ended;
}

async function dataOf(pool: string, key: string): Promise<unknown> {
  const { bytes } = await demo.ask(`/api/pools/${pool}/entries/${key}`);
  return decodeRecord(new Uint8Array(bytes), { key }).entry.data;
}

test("killed, with every file deleted, all comes back from the bucket and the name", async () => {
  const before = await demo.json<Setup>("/api/setup");
  const { pid, folder } = await demo.life();
  const project = await readFile(join(folder, "laila.config.json"), "utf8");
  const local = await demo.pool("local");
  const field = "LAILA:ENTRY:GLOBAL_ID:d1bed9da-ddb8-58a7-a9c1-4dfca1301eaf";
  const array = await dataOf(local, field);

  const down = await kill(true);
  expect(down).toMatchObject({ state: "down", pid: null, failure: null });
  expect(() => process.kill(pid as number, 0)).toThrow("ESRCH");
  for (const { name, bytes } of down.files)
    expect(bytes !== null, name).toBe(name === "secrets.toml");
  await expect(stat(join(folder, "data.h5"))).rejects.toThrow("ENOENT");
  for (const path of ["/api/setup", `/api/pools/${local}/keys`, "/api/none"]) {
    const { status, text } = await demo.ask(path);
    expect([status, (JSON.parse(text) as Failure).code]).toEqual([503, "DOWN"]);
  }

  const ended = await recover("demo");
  expect(ended.map(({ step }) => step)).toEqual(steps);
  expect(ended.every(({ failure }) => failure === undefined)).toBe(true);
  // The head and the document; nothing to plan or compare; one look at the bucket; the array.
  expect(ended.map(({ requests }) => requests)).toEqual([0, 2, 0, 1, 0, 1]);
  expect(ended.at(-1)?.entry).toEqual({ poolId: local, key: field });

  const life = await demo.life();
  expect(life.state).toBe("running");
  expect(life.pid).not.toBe(pid);
  const after = await demo.json<Setup>("/api/setup");
  expect(documentDigest(after.environment)).toBe(documentDigest(before.environment));
  expect(await dataOf(local, field)).toEqual(array);
  expect(await readFile(join(folder, "laila.config.json"), "utf8")).toBe(project);
});

test("a wrong name is told with what to do, and it can be tried again", async () => {
  await kill(false);
  const wrong = await recover("demmo");
  expect(wrong.map(({ step }) => step)).toEqual(["process", "document"]);
  expect(wrong.at(-1)?.failure).toMatchObject({ code: "NOT_FOUND" });
  expect(wrong.at(-1)?.failure?.message).toContain("Check the name");
  expect(await demo.life()).toMatchObject({ state: "down", pid: null });
  expect((await recover("demo")).map(({ step }) => step)).toEqual(steps);
});

test("without deleting, what the file alone had is there again", async () => {
  const local = await demo.pool("local");
  const { key } = await demo.json<{ key: string }>("/api/samples/field", {
    body: { poolId: local, rows: 30, columns: 20 },
  });
  const array = await dataOf(local, key);
  await kill(false);
  await recover("demo");
  expect(await dataOf(local, key)).toEqual(array);
});

test("a process that dies by itself is told of, and recovered like any other", async () => {
  const { pid } = await demo.life();
  process.kill(pid as number, "SIGKILL");
  let life = await demo.life();
  while (life.state === "running") life = await demo.life();
  expect(life).toMatchObject({ state: "down", pid: null });
  expect(life.failure?.message).toContain("SIGKILL");
  expect((await recover("demo")).map(({ step }) => step)).toEqual(steps);
  expect((await demo.life()).failure).toBeNull();
});

test("a recovery that nobody listens to any more goes on", async () => {
  await kill(false);
  const { response } = await demo.open("/api/life/recover", {
    method: "POST",
    payload: JSON.stringify({ name: "demo" }),
  });
  response.destroy();
  let { state } = await demo.life();
  while (state !== "running") ({ state } = await demo.life());
});

test("a process that dies while it recovers is told of by the step that it died in", async () => {
  await kill(false);
  const { chunks } = await demo.open("/api/life/recover", {
    method: "POST",
    payload: JSON.stringify({ name: "demo" }),
  });
  let text = "";
  let isKilled = false;
  for await (const chunk of chunks) {
    text += chunk.toString();
    if (isKilled) continue;
    isKilled = process.kill((await demo.life()).pid as number, "SIGKILL");
  }
  const last = JSON.parse(text.trim().split("\n").at(-1) ?? "") as RecoverStep;
  expect(last.failure?.message).toContain("SIGKILL");
  expect(await demo.life()).toMatchObject({ state: "down", pid: null });
  expect((await recover("demo")).map(({ step }) => step)).toEqual(steps);
});

test("who kills what is being killed, or recovers what is being recovered, has to wait", async () => {
  const both = (path: string, body: unknown) =>
    Promise.all([demo.ask(path, { body }), demo.ask(path, { body })]);
  const killed = await both("/api/life/kill", { deleteFiles: true });
  expect(killed.map(({ status }) => status).sort()).toEqual([200, 409]);
  const recovered = await both("/api/life/recover", { name: "demo" });
  expect(recovered.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(await demo.life()).toMatchObject({ state: "running", failure: null });
});

test("what a killed process was about to read is not left behind", async () => {
  const { folder } = await demo.life();
  const uploads = join(folder, "uploads");
  const sent = request(new URL(`/api/pools/${await demo.pool("files")}/hdf5?name=x`, demo.url), {
    ...{ method: "POST", agent: false, headers: { cookie: demo.cookie } },
  });
  const broken = once(sent, "response").catch(() => undefined);
  sent.write(Buffer.alloc(100_000));
  while ((await readdir(uploads).catch(() => [])).length === 0) await demo.life();
  await kill(false);
  await recover("demo");
  expect(await readdir(uploads).catch(() => [])).toEqual([]);
  sent.destroy();
  await broken;
});

test("a folder that somebody else has deleted is made anew", async () => {
  const { folder } = await demo.life();
  const { chunks, response } = await demo.open("/api/events");
  for await (const chunk of chunks) if (chunk.toString().includes("event: life")) break;
  // Whoever does that does it again while something is still being written there.
  await rm(folder, { recursive: true, maxRetries: 10 });
  await kill(false);
  expect((await recover("demo")).map(({ step }) => step)).toEqual(steps);
  expect((await stat(join(folder, "secrets.toml"))).mode & 0o777).toBe(0o600);
  response.destroy();
});

test("a page that listens sees the whole story", async () => {
  const { chunks } = await demo.open("/api/events");
  const states: string[] = [];
  const reading = (async () => {
    for await (const chunk of chunks) {
      for (const [, state = ""] of chunk.toString().matchAll(/"state":"(\w+)"/g))
        states.push(state);
      if (states.includes("down") && states.at(-1) === "running") return;
    }
  })();
  await kill(true);
  await recover("demo");
  await reading;
  expect([...new Set(states)]).toEqual(["running", "down", "recovering"]);
});
