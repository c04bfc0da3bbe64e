import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
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
import { checked, limit } from "../../http.js";
import { poolOf } from "../pool-of.js";

const maxFileBytes = 2 ** 29;
const nameSchema = z.string().min(1).max(200);

/** What another program wrote: its arrays become entries, its groups a manifest. */
export function hdf5Routes(): Hono {
  const app = new Hono();
  app.post("/pools/:pool/hdf5", limit(maxFileBytes), async (c) => {
    const pool = poolOf(c);
    const name = checked(c.req.query("name"), nameSchema);
    const folder = await mkdtemp(join(tmpdir(), "laila-demo-upload-"));
    try {
      const file = join(folder, "upload.h5");
      await save(c, file);
      return c.json(await importFile(file, name, pool), 201);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return app;
}

async function save(c: Context, file: string): Promise<void> {
  const body = c.req.raw.body ?? new Response("").body;
  await pipeline(Readable.fromWeb(body as WebStream), createWriteStream(file));
}

/** One array after the other, so that no more than one is in memory. */
async function importFile(file: string, name: string, pool: PoolLike): Promise<ImportedFile> {
  const entries: { path: string; key: GlobalId }[] = [];
  const left: { path: string; why: string }[] = [];
  const blueprint: Tree = {};
  for await (const { path, value, problem } of HDF5Pool.readDatasets(file)) {
    const parts = path.split("/").filter((part) => part !== "");
    if (value === undefined || parts.some((part) => forbidden.has(part))) {
      left.push({ path, why: problem ?? "A manifest cannot have this name." });
      continue;
    }
    const entry = laila.constant(value, { nickname: `${name}/${parts.join("/")}` });
    await laila.memorize(entry, { pool });
    entries.push({ path, key: entry.globalId });
    plant(blueprint, parts, entry.globalId);
  }
  if (entries.length === 0)
    throw new LailaError("INVALID_ARGUMENT", `${name} has no arrays that can be taken.`);
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
  const below = tree[name] ?? {};
  if (typeof below === "string") return;
  tree[name] = below;
  plant(below, deeper, id);
}
