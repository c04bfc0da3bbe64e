import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { LailaError, laila, type PoolLike } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import type { Blueprint, GlobalId } from "@laila/schema";
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { ImportedFile } from "../../api.js";
import { checked, tooLarge } from "../../http.js";
import { uploads } from "../../names.js";
import { poolOf } from "../pool-of.js";

const maxFileBytes = 2 ** 29;
/** It also says how long a hostile file may keep the library busy. */
const maxDatasetBytes = 2 ** 28;
const nameSchema = z.string().min(1).max(200);

/** What another program wrote: its arrays and texts become entries, its groups a manifest. */
export function hdf5Routes(): Hono {
  const app = new Hono();
  app.post("/pools/:pool/hdf5", async (c) => {
    const pool = poolOf(c);
    const name = checked(c.req.query("name"), nameSchema);
    await mkdir(uploads, { recursive: true });
    const file = join(uploads, `${randomUUID()}.h5`);
    try {
      await save(c, file);
      return c.json(await importFile(file, name, pool, c.req.raw.signal), 201);
    } finally {
      await rm(file, { force: true });
    }
  });
  return app;
}

/** Chunk by chunk to the disk: {@link limit} would have a body of unknown length in memory. */
async function save(c: Context, file: string): Promise<void> {
  if (Number(c.req.header("content-length")) > maxFileBytes) throw tooLarge();
  const body = c.req.raw.body ?? new Response("").body;
  await pipeline(Readable.fromWeb(body as WebStream), limited, createWriteStream(file));
}

async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxFileBytes) throw tooLarge();
    yield chunk;
  }
}

/** One dataset after the other, so that no more than one is in memory. */
async function importFile(
  file: string,
  name: string,
  pool: PoolLike,
  signal: AbortSignal,
): Promise<ImportedFile> {
  const entries: { path: string; key: GlobalId }[] = [];
  const left: { path: string; why: string }[] = [];
  const blueprint: Tree = {};
  const options = { maxBytes: maxDatasetBytes, signal };
  for await (const { path, value, text, problem } of HDF5Pool.readDatasets(file, options)) {
    const data = value ?? text;
    const parts = path.split("/").filter((part) => part !== "");
    if (data === undefined || parts.some((part) => forbidden.has(part))) {
      left.push({ path, why: problem ?? "A manifest cannot have this name." });
      continue;
    }
    const entry = laila.constant(data, { nickname: `${name}/${parts.join("/")}` });
    await laila.memorize(entry, { pool });
    entries.push({ path, key: entry.globalId });
    plant(blueprint, parts, entry.globalId);
  }
  if (entries.length === 0)
    throw new LailaError("INVALID_ARGUMENT", `${name} has no arrays and texts that can be taken.`);
  const manifest = laila.manifest(blueprint as Blueprint, { nickname: name });
  await manifest.memorize({ pool });
  return { manifest: manifest.globalId, entries, left };
}

const forbidden = new Set(["__proto__", "constructor"]);

interface Tree {
  [name: string]: GlobalId | Tree;
}

function plant(tree: Tree, parts: readonly string[], id: GlobalId): void {
  const [name = "", ...deeper] = parts;
  if (deeper.length === 0) {
    tree[name] = id;
    return;
  }
  // Of its own: a group may be called toString.
  const below = (Object.hasOwn(tree, name) && tree[name]) || {};
  if (typeof below === "string") return;
  tree[name] = below;
  plant(below, deeper, id);
}
