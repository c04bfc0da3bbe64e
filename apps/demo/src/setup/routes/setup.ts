import { relative } from "node:path";
import { LailaError, laila, MemoryPool, type PoolLike } from "@laila/core";
import { FilesystemPool } from "@laila/pool-fs";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { Hono } from "hono";
import * as z from "zod";
import type {
  AddedPool,
  AddPoolRequest,
  PoolFacts,
  Setup,
  Traffic as TrafficState,
} from "../../api.js";
import { bodyOf, limit } from "../../http.js";
import { poolOf } from "../pool-of.js";
import type { Traffic } from "../traffic.js";

const addPool = z.strictObject({
  nickname: z.string().min(1).max(64),
  proxyTo: z.string().optional(),
}) satisfies z.ZodType<AddPoolRequest>;
const trafficSchema = z.strictObject({
  perSecond: z.int().min(0).max(500),
}) satisfies z.ZodType<TrafficState>;

/** The live set-up, and what can be changed about it. */
export function setupRoutes(traffic: Traffic): Hono {
  const app = new Hono();

  app.get("/setup", (c) => {
    const pools = [...laila.memory.poolRouter.pools].map(([id, pool]) => [id, factsOf(pool)]);
    const setup: Setup = {
      environment: laila.environment,
      pools: Object.fromEntries(pools),
      traffic: traffic.state,
    };
    return c.json(setup);
  });

  app.post("/setup/pools", limit(4096), async (c) => {
    const { nickname, proxyTo } = await bodyOf(c, addPool);
    const origin = proxyTo && laila.memory.poolRouter.route({ poolId: proxyTo });
    const pool = laila.create(MemoryPool, { nickname, maxBytes: 2 ** 27, evict: "lru" });
    laila.memory.extend(pool);
    if (origin) pool.proxyTo(origin);
    return c.json<AddedPool>({ id: pool.globalId }, 201);
  });

  app.delete("/setup/pools/:pool", async (c) => {
    const pool = poolOf(c);
    refuseNeeded(pool);
    laila.memory.detach(pool);
    await pool.close();
    return c.body(null, 204);
  });

  app.post("/traffic", limit(4096), async (c) => {
    traffic.set((await bodyOf(c, trafficSchema)).perSecond);
    return c.json(traffic.state);
  });

  return app;
}

function factsOf(pool: PoolLike): PoolFacts {
  return {
    supports: { ...pool.supports },
    place: placeOf(pool),
    isLocal: !(pool instanceof S3Pool),
  };
}

function placeOf(pool: PoolLike): string {
  if (pool instanceof S3Pool) {
    const { bucket_name: bucket, prefix = "" } = pool.toConfig();
    return `s3://${bucket}/${prefix}`;
  }
  if (pool instanceof HDF5Pool) return relative(".", pool.filePath);
  if (pool instanceof FilesystemPool) return `${relative(".", pool.directory)}/`;
  return "memory";
}

/** CONFLICT where others read through it; INVALID_ARGUMENT for what is not in memory. */
function refuseNeeded(pool: PoolLike): void {
  if (!(pool instanceof MemoryPool))
    throw new LailaError(
      "INVALID_ARGUMENT",
      "Only caches in memory can be taken out here: the others are what the demo is about.",
    );
  const { pools } = laila.memory.poolRouter;
  const caches = [...pools.values()].filter(({ proxy }) => proxy === pool);
  if (caches.length === 0) return;
  const called = caches.map(({ nickname, globalId }) => nickname ?? globalId).join(", ");
  throw new LailaError("CONFLICT", `It is the origin of ${called}. Take that out first.`);
}
