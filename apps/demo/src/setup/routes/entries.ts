import { channel } from "node:diagnostics_channel";
import {
  type Entry,
  type GlobalId,
  LailaError,
  laila,
  operationChannel,
  type PoolLike,
  type PoolOperation,
} from "@laila/core";
import { decodeRecord, isGlobalId } from "@laila/schema";
import { Hono } from "hono";
import * as z from "zod";
import type { FieldRequest, Memorized } from "../../api.js";
import { bodyOf, limit } from "../../http.js";
import { streamOf } from "../../stream.js";
import { type Opened, open } from "../open.js";
import { param, poolOf } from "../pool-of.js";
import { field } from "../sample/numbers.js";

const fieldSchema = z.strictObject({
  poolId: z.string(),
  rows: z.int().min(1).max(4_096),
  columns: z.int().min(1).max(4_096),
}) satisfies z.ZodType<FieldRequest>;
/** Of a record that the page has made. */
const maxRecordBytes = 2 ** 28;
const operations = channel(operationChannel);

/** Single entries. */
export function entryRoutes(): Hono {
  const app = new Hono();

  app.get("/pools/:pool/entries/:key", async (c) => readRaw(poolOf(c), param(c, "key")));

  app.put("/pools/:pool/entries/:key", limit(maxRecordBytes), async (c) => {
    const poolId = poolOf(c).globalId;
    const key = param(c, "key");
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const { entry } = decodeRecord(bytes, { key });
    return c.json(await memorize(entry, poolId), 201);
  });

  app.delete("/pools/:pool/entries/:key", async (c) => {
    const pool = poolOf(c);
    const key = param(c, "key");
    // What is no entry is only bytes under a key.
    if (isGlobalId(key)) await laila.forget(key, { pool });
    else await pool.delete(key);
    return c.body(null, 204);
  });

  app.post("/pools/:pool/entries/:key/damage", limit(4096), async (c) => {
    await flipBit(poolOf(c), param(c, "key"));
    return c.body(null, 204);
  });

  app.post("/samples/field", limit(4096), async (c) => {
    const { poolId, rows, columns } = await bodyOf(c, fieldSchema);
    const nickname = `field ${rows} × ${columns}`;
    const entry = laila.constant(field(rows, columns), { nickname });
    return c.json(await memorize(entry, poolId), 201);
  });

  return app;
}

/** Memorizes, and tells how large the record became: the policy tells whoever listens. */
async function memorize(entry: Entry, poolId: GlobalId): Promise<Memorized> {
  let bytes = 0;
  const listen = (message: unknown): void => {
    const { verb, key, bytes: written } = message as PoolOperation;
    if (verb === "memorize" && key === entry.globalId) bytes = written ?? 0;
  };
  operations.subscribe(listen);
  try {
    await laila.memorize(entry, { poolId });
  } finally {
    operations.unsubscribe(listen);
  }
  return { key: entry.globalId, bytes };
}

/** The bytes as they lie there, chunk by chunk where the pool can; told of like any other reading. */
async function readRaw(pool: PoolLike, key: string): Promise<Response> {
  const began = performance.now();
  const told = (bytes: number | undefined, error?: unknown): void => {
    const ms = performance.now() - began;
    const operation: PoolOperation = {
      ...{ verb: "remember", poolId: pool.globalId, key, bytes, ms },
      ...(error === undefined ? {} : { error }),
    };
    operations.publish(operation);
  };
  try {
    const found = await open(pool, key);
    if (!found) throw notThere(pool, key);
    return new Response(streamOf(followed(found, told)), {
      headers: {
        "content-type": "application/octet-stream",
        ...(found.size === undefined ? {} : { "content-length": String(found.size) }),
      },
    });
  } catch (error) {
    told(undefined, error);
    throw error;
  }
}

/** Tells of it when all of it was read, or could not be; a reader who leaves early has read no record. */
async function* followed(
  { chunks, size }: Opened,
  told: (bytes: number, error?: unknown) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let whole = size;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
    whole = bytes;
  } catch (error) {
    whole = undefined;
    told(bytes, error);
    throw error;
  } finally {
    // Who has got the last byte need not wait for the end.
    if (bytes === whole) told(bytes);
  }
}

/** In the middle, where the payload is. */
async function flipBit(pool: PoolLike, key: string): Promise<void> {
  const found = await pool.read(key);
  if (!found) throw notThere(pool, key);
  const bytes = Uint8Array.from(found.bytes);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await pool.write(key, bytes);
}

function notThere({ nickname, globalId }: PoolLike, key: string): LailaError {
  return new LailaError("NOT_FOUND", `${key} is not in the pool ${nickname ?? globalId}.`);
}
