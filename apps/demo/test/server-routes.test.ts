import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  constant,
  decodeRecord,
  documentDigest,
  type Entry,
  encodeRecord,
  globalIdOf,
  NdArray,
} from "@laila/schema";
import { afterAll, expect, test } from "vitest";
import type {
  Comparison,
  DoctorAnswer,
  EntryHead,
  Failure,
  ImportedFile,
  KeysEnd,
  LeafLine,
  LeavesEnd,
  ManifestDocument,
  ManifestSummary,
  Memorized,
  OperationsEvent,
  Saved,
  SavedDocument,
  SavedHistory,
  SavedSummary,
  Setup,
} from "../src/api.js";
import { expectNoSecrets, startDemo } from "./server.js";

const demo = await startDemo("--pools", "3");
afterAll(async () => {
  await expectNoSecrets(demo);
  await demo.stop();
});
const [alpha, bucket, local, files, scratch] = [
  (await demo.json<Setup>("/api/setup")).environment.policy.central.memory.alpha_pool,
  await demo.pool("bucket"),
  await demo.pool("local"),
  await demo.pool("files"),
  await demo.pool("scratch"),
];

const at = (pool: string, key: string): string =>
  `/api/pools/${pool}/entries/${encodeURIComponent(key)}`;

async function keysOf(pool: string, prefix = ""): Promise<string[]> {
  const path = `/api/pools/${pool}/keys?prefix=${encodeURIComponent(prefix)}`;
  const all = await demo.lines<string[] | KeysEnd>(path);
  const { total } = all.pop() as KeysEnd;
  const keys = (all as string[][]).flat();
  expect(keys).toHaveLength(total);
  return keys;
}

async function headsOf(pool: string, keys: readonly string[]): Promise<EntryHead[]> {
  return demo.json(`/api/pools/${pool}/heads`, { body: { keys } });
}

async function remembered(pool: string, key: string): Promise<Entry> {
  const { status, bytes, text } = await demo.ask(at(pool, key));
  expect(status, text).toBe(200);
  return decodeRecord(new Uint8Array(bytes), { key }).entry;
}

test("the set-up is its document, and what a document does not say of its pools", async () => {
  const { environment, pools, traffic } = await demo.json<Setup>("/api/setup");
  const { memory, command } = environment.policy.central;
  const names = Object.keys(memory.pool_router.pools_nicknames);
  expect(names).toEqual(
    expect.arrayContaining(["bucket", "local", "files", "scratch", "cache-01", "cache-03"]),
  );
  expect(memory.pool_router.proxies).toMatchObject({ [local]: bucket, [scratch]: local });
  expect(Object.keys(command.taskforces)).toHaveLength(2);
  expect(Object.keys(pools).sort()).toEqual(Object.keys(memory.pool_router.pools).sort());
  expect(pools[local]).toMatchObject({ place: "data.h5", isLocal: true });
  expect(pools[bucket]).toMatchObject({ place: "s3://laila-demo/", isLocal: false });
  expect(pools[alpha]).toMatchObject({ place: "memory", supports: { durable: false } });
  expect(traffic.perSecond).toBeGreaterThan(0);
});

test("entries of every kind are there, and heads tell what they are", async () => {
  const kinds = new Map<string | null, string | null>();
  for (const pool of [alpha, bucket, local, files]) {
    const heads = await headsOf(pool, await keysOf(pool));
    for (const { state, nickname, kind, bytes, timestamp, failure } of heads) {
      expect({ state, failure }).toEqual({ state: "whole", failure: null });
      expect(bytes).toBeGreaterThan(0);
      expect(Date.parse(timestamp ?? "")).not.toBeNaN();
      kinds.set(nickname, kind);
    }
  }
  expect(Object.fromEntries(kinds)).toMatchObject({
    ...{ station: "object", operators: "list", readme: "text", grains: "bigint" },
    ...{ calibration: "Map", tags: "Set", installed: "Date", firmware: "bytes" },
    ...{ photo: "PNG image", signal: "Float64Array 5000", temperature: "float32 512 × 512" },
    ...{ waves: "float32 12 × 24 × 48 × 48", spectrum: "complex128 512" },
    ...{ counts: "int64 64 × 64", land: "bool 128 × 128" },
    ...{ experiment: "manifest", demo: "saved environment", thermostat: "object" },
  });
});

test("an entry is given as its record, made by anybody, damaged, and forgotten", async () => {
  const value = new Map<string, unknown>([
    ["when", new Date(0)],
    ["x", Float32Array.of(1, 2)],
  ]);
  const entry = constant(value, { nickname: "of the page / 100 %" });
  const key = entry.globalId;
  for (const pool of [alpha, bucket, local, files]) {
    const made = await demo.ask(at(pool, key), {
      method: "PUT",
      body: Buffer.from(encodeRecord(entry)),
    });
    expect(made.status, made.text).toBe(201);
    const { bytes } = JSON.parse(made.text) as Memorized;
    const raw = await demo.ask(at(pool, key));
    expect(Number(raw.headers["content-length"])).toBe(bytes);
    expect(raw.bytes).toHaveLength(bytes);
    expect(isDeepStrictEqual((await remembered(pool, key)).data, value)).toBe(true);

    expect((await demo.ask(`${at(pool, key)}/damage`, { method: "POST" })).status).toBe(204);
    const [head] = await headsOf(pool, [key]);
    expect(head).toMatchObject({ state: "corrupt", failure: { code: "CORRUPT" } });

    expect((await demo.ask(at(pool, key), { method: "DELETE" })).status).toBe(204);
    expect((await demo.ask(at(pool, key))).status).toBe(404);
    expect(await headsOf(pool, [key])).toMatchObject([{ state: "missing" }]);
  }
});

test("a record under another key is refused, as is one that is none", async () => {
  const key = globalIdOf("another");
  const body = Buffer.from(encodeRecord(constant(1, { nickname: "one" })));
  for (const bytes of [body, Buffer.from("no record"), Buffer.alloc(0)]) {
    const { status, text } = await demo.ask(at(alpha, key), { method: "PUT", body: bytes });
    expect(status).toBe(422);
    expect((JSON.parse(text) as Failure).code).toBe("CORRUPT");
  }
  expect(await keysOf(alpha, key)).toEqual([]);
});

test("a field of any size is made, and a large one is not looked into for a list", async () => {
  const { key, bytes } = await demo.json<Memorized>("/api/samples/field", {
    body: { poolId: bucket, rows: 1_500, columns: 1_000 },
  });
  expect(await headsOf(bucket, [key])).toMatchObject([{ state: "large", bytes }]);
  const { data } = await remembered(bucket, key);
  expect(NdArray.is(data) && [data.dtype, ...data.shape]).toEqual(["float32", 1_500, 1_000]);
});

test("the arrays of an HDF5 file become entries, and a manifest that follows its groups", async () => {
  const { folder } = await demo.life();
  // It comes with the first checkpoint, which waits for nobody.
  await expect.poll(() => existsSync(join(folder, "data.h5"))).toBe(true);
  const body = await readFile(join(folder, "data.h5"));
  const taken = await demo.json<ImportedFile>(`/api/pools/${files}/hdf5?name=of-theirs.h5`, {
    body,
  });
  const path = `/${encodeURIComponent(globalIdOf("temperature"))}`;
  const found = taken.entries.find(
    (entry) => decodeURIComponent(entry.path) === decodeURIComponent(path),
  );
  const { data } = await remembered(files, found?.key ?? "");
  const own = await remembered(local, globalIdOf("temperature"));
  expect(isDeepStrictEqual(data, own.data)).toBe(true);
  const { blueprint, nickname } = await demo.json<ManifestDocument>(
    `/api/pools/${files}/manifests/${encodeURIComponent(taken.manifest)}`,
  );
  expect(nickname).toBe("of-theirs.h5");
  expect(Object.values(blueprint as object)).toContain(found?.key);
  for (const id of [taken.manifest, ...taken.entries.map(({ key }) => key)])
    await demo.ask(at(files, id), { method: "DELETE" });

  const none = await demo.ask(`/api/pools/${files}/hdf5?name=none.h5`, {
    body: Buffer.from("none"),
  });
  expect([none.status, (JSON.parse(none.text) as Failure).code]).toEqual([422, "CORRUPT"]);
  const nameless = await demo.ask(`/api/pools/${files}/hdf5`, { body });
  expect(nameless.status).toBe(400);
});

test("texts are taken, too, under whatever names another program has chosen", async () => {
  const body = await readFile(new URL("./__fixtures__/names.h5", import.meta.url));
  const path = `/api/pools/${files}/hdf5?name=names.h5`;
  const { manifest, entries, left } = await demo.json<ImportedFile>(path, { body });
  expect(left.map((one) => one.path)).toEqual(["/__proto__/x"]);
  const keys = Object.fromEntries(entries.map((one) => [one.path, one.key]));
  expect((await remembered(files, keys["/valueOf/title"] ?? "")).data).toBe("Grüße");
  const { blueprint } = await demo.json<ManifestDocument>(
    `/api/pools/${files}/manifests/${encodeURIComponent(manifest)}`,
  );
  expect(blueprint).toEqual({
    toString: { depth: keys["/toString/depth"] },
    valueOf: { title: keys["/valueOf/title"] },
  });
  expect(await readdir(join((await demo.life()).folder, "uploads"))).toEqual([]);
  for (const id of [manifest, ...Object.values(keys)])
    await demo.ask(at(files, id), { method: "DELETE" });
});

test("a manifest is told with its leaves, verified, damaged and mended", async () => {
  const all = await demo.json<ManifestSummary[]>("/api/manifests");
  expect(all.map(({ poolId, nickname }) => [poolId, nickname]).sort()).toEqual(
    [bucket, local].map((pool) => [pool, "experiment"]).sort(),
  );
  const id = all[0]?.id ?? "";
  const path = `/api/pools/${local}/manifests/${encodeURIComponent(id)}`;
  const { blueprint, leaves } = await demo.json<ManifestDocument>(path);
  const land = globalIdOf("land");
  expect(blueprint).toMatchObject({ fields: { land } });

  const post = async (verb: string, body?: unknown) => {
    const lines = await demo.lines<LeafLine | LeavesEnd>(`${path}/${verb}`, {
      method: "POST",
      ...(body === undefined ? {} : { body }),
    });
    const end = lines.pop() as LeavesEnd;
    return { end, leaves: lines as LeafLine[] };
  };
  const whole = await post("verify");
  expect(whole.end).toMatchObject({ ok: true, counts: { whole: leaves + 1 } });
  expect(whole.leaves.at(-1)).toMatchObject({ done: leaves + 1, total: leaves + 1 });

  await demo.ask(`${at(local, land)}/damage`, { method: "POST" });
  const damaged = await post("verify");
  expect(damaged.end).toMatchObject({ ok: false, counts: { damaged: 1 } });
  expect(damaged.leaves.find((leaf) => leaf.id === land)).toMatchObject({
    path: "fields.land",
    outcome: "damaged",
  });
  const mended = await post("repair", { from: [bucket] });
  expect(mended.end).toMatchObject({ ok: true, counts: { repaired: 1, whole: leaves } });
  expect((await post("verify")).end.ok).toBe(true);

  const none = `/api/pools/${files}/manifests/${encodeURIComponent(id)}`;
  expect((await demo.ask(none)).status).toBe(404);
  expect((await demo.ask(`${none}/verify`, { method: "POST" })).status).toBe(404);
});

test("saved versions are listed, read, labelled, rolled back to, and compared", async () => {
  expect(await demo.json<SavedSummary[]>("/api/saved")).toMatchObject([{ name: "demo" }]);
  const before = await demo.json<SavedHistory>("/api/saved/demo");
  expect(before.versions.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
  expect(before.versions[0]).toMatchObject({ author: "ann", labels: ["production"], parent: 3 });

  const { environment, digest } = await demo.json<SavedDocument>("/api/saved/demo/versions/3");
  expect(documentDigest(environment)).toBe(digest);
  expect((await demo.ask("/api/saved/demo/versions/99")).status).toBe(404);
  expect((await demo.ask("/api/saved/demo/versions/x")).status).toBe(400);

  const save = () => demo.json<Saved>("/api/saved/demo", { body: { message: "by a test" } });
  expect(await save()).toEqual({ version: 4, created: false });
  const pool = { nickname: "extra", proxyTo: bucket };
  const { id } = await demo.json<{ id: string }>("/api/setup/pools", { body: pool });
  expect(await save()).toEqual({ version: 5, created: true });
  const compare = (body: unknown) => demo.json<Comparison>("/api/compare", { body });
  const four = { name: "demo", version: 4 };
  expect(await compare({ before: { ...four, version: 5 }, after: { live: true } })).toEqual({
    ...{ equal: true, sections: [], patch: [] },
  });
  const { equal, sections, patch } = await compare({ before: four, after: { live: true } });
  expect(equal).toBe(false);
  expect(sections.find(({ title }) => title === "Pools")?.items).toMatchObject([
    { change: "added", name: "extra (MemoryPool)" },
  ]);
  expect(sections.find(({ title }) => title === "Proxies")?.items).toMatchObject([
    { name: "extra", fields: [{ before: null, after: '"bucket"' }] },
  ]);
  expect(patch.length).toBeGreaterThan(0);

  expect((await demo.ask(`/api/setup/pools/${id}`, { method: "DELETE" })).status).toBe(204);
  const back = await demo.json<Saved>("/api/saved/demo/rollback", { body: { version: 4 } });
  expect(back).toEqual({ version: 6, created: true });
  expect((await compare({ before: { live: true }, after: { ...four, version: 6 } })).equal).toBe(
    true,
  );

  const labels = { production: null, best: 6 };
  const after = await demo.json<SavedHistory>("/api/saved/demo/labels", { body: { labels } });
  expect(after.versions[0]).toMatchObject({ version: 6, labels: ["best"], rollbackOf: 4 });
  expect(after.versions.find(({ version }) => version === 4)?.labels).toEqual([]);
});

test("the doctor looks at the live set-up and at saved ones", async () => {
  for (const which of [{ live: true }, { name: "demo", version: 1 }]) {
    const answer = await demo.json<DoctorAnswer>("/api/doctor", { body: { which } });
    expect(answer).toMatchObject({ ok: true, findings: [] });
    expect(answer.opened).toBe(answer.pools);
  }
});

test("a pool that others need stays, and only caches in memory go", async () => {
  const remove = async (id: string) => {
    const { status, text } = await demo.ask(`/api/setup/pools/${id}`, { method: "DELETE" });
    return [status, (JSON.parse(text) as Failure).code];
  };
  expect(await remove(local)).toEqual([400, "INVALID_ARGUMENT"]);
  expect(await remove(alpha)).toEqual([400, "INVALID_ARGUMENT"]);
  expect(await remove(globalIdOf("none", { scope: "POOL" }))).toEqual([404, "NOT_FOUND"]);
  const body = { nickname: "on-top", proxyTo: scratch };
  const { id } = await demo.json<{ id: string }>("/api/setup/pools", { body });
  expect(await remove(scratch)).toEqual([409, "CONFLICT"]);
  const again = await demo.ask("/api/setup/pools", { body });
  expect([again.status, (JSON.parse(again.text) as Failure).code]).toEqual([409, "CONFLICT"]);
  expect((await demo.ask(`/api/setup/pools/${id}`, { method: "DELETE" })).status).toBe(204);
});

test("wrong requests are told what is wrong with them, with a code and a status", async () => {
  const wrong: readonly (readonly [string, unknown, number])[] = [
    ["/api/traffic", { perSecond: -1 }, 400],
    ["/api/traffic", { perSecond: 1, more: 1 }, 400],
    ["/api/traffic", Buffer.from("{"), 400],
    ["/api/traffic", { perSecond: 1, more: "x".repeat(10_000) }, 413],
    ["/api/setup/pools", { nickname: "" }, 400],
    ["/api/setup/pools", { nickname: "__proto__" }, 400],
    ["/api/setup/pools", { nickname: "constructor" }, 400],
    ["/api/samples/field", { poolId: alpha, rows: 1e6, columns: 1e6 }, 400],
    [`/api/pools/${alpha}/heads`, { keys: Array(201).fill("k") }, 400],
    ["/api/compare", { before: { live: false }, after: { live: true } }, 400],
    ["/api/compare", { before: { name: "none", version: 1 }, after: { live: true } }, 404],
    ["/api/saved/demo/rollback", { version: 99 }, 404],
    ["/api/life/kill", {}, 400],
    ["/api/life/recover", { name: "demo" }, 409],
    ["/api/pools/none/heads", { keys: [] }, 404],
    ["/api/none", {}, 404],
  ];
  for (const [path, body, expected] of wrong) {
    const { status, text } = await demo.ask(path, { body });
    expect(status, `${path} ${text}`).toBe(expected);
    const { code, message } = JSON.parse(text) as Failure;
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(message.length).toBeGreaterThan(10);
    expect(text).not.toContain("    at ");
  }
});

test("what happens is told as it happens", async () => {
  const entry = constant(1, { nickname: "told" });
  const { chunks } = await demo.open("/api/events");
  const reading = (async () => {
    let text = "";
    for await (const chunk of chunks) {
      text += chunk.toString();
      if (text.includes("event: setup") && text.includes(entry.globalId)) return text;
    }
    return text;
  })();
  const body = Buffer.from(encodeRecord(entry));
  await demo.ask(at(alpha, entry.globalId), { method: "PUT", body });
  await demo.json("/api/setup/pools", { body: { nickname: "seen" } });

  const events = (await reading).split("\n\n").flatMap((part) => {
    const [, event, data = ""] = /^event: (.+)\ndata: (.+)$/.exec(part) ?? [];
    return event === undefined ? [] : [{ event, data: JSON.parse(data) as unknown }];
  });
  expect(events[0]).toMatchObject({ event: "life", data: { state: "running", name: "demo" } });
  const operations = events
    .filter(({ event }) => event === "operations")
    .flatMap(({ data }) => (data as OperationsEvent).operations);
  const ours = operations.filter(({ key }) => key === entry.globalId);
  expect(ours).toMatchObject([{ verb: "memorize", poolId: alpha, failed: null }]);
  expect(ours[0]?.ms).toBeGreaterThan(0);
  expect(ours[0]?.bytes).toBeGreaterThan(0);
});

test("a record is told of as read when it was read, and not when somebody has left", async () => {
  await demo.json("/api/traffic", { body: { perSecond: 0 } });
  const made = { poolId: bucket, rows: 3_000, columns: 2_000 };
  const { key, bytes } = await demo.json<Memorized>("/api/samples/field", { body: made });
  const { chunks } = await demo.open("/api/events");
  const reading = (async () => {
    let text = "";
    for await (const chunk of chunks) {
      text += chunk.toString();
      if (text.includes('"forget"')) break;
    }
    return text;
  })();
  const left = await demo.open(at(bucket, key));
  for await (const _ of left.chunks) break;
  await demo.ask(at(bucket, key));
  await demo.ask(at(bucket, key), { method: "DELETE" });
  const told = (await reading).match(/\{"verb":"remember".*?\}/g) ?? [];
  expect(told.map((one) => JSON.parse(one) as unknown)).toMatchObject([
    { key, poolId: bucket, bytes, failed: null },
  ]);
});

test("traffic can be stopped and started", async () => {
  const stop = await demo.json("/api/traffic", { body: { perSecond: 0 } });
  expect(stop).toEqual({ perSecond: 0 });
  expect((await demo.json<Setup>("/api/setup")).traffic).toEqual({ perSecond: 0 });
  await demo.json("/api/traffic", { body: { perSecond: 20 } });
  const { chunks } = await demo.open("/api/events");
  for await (const chunk of chunks) if (chunk.toString().includes("event: operations")) break;
});
