import { laila, type PoolLike, repairManifest, verifyManifest } from "@laila/core";
import {
  type Blueprint,
  blueprintLeaves,
  decodeRecord,
  type GlobalId,
  isGlobalId,
  LailaError,
  parseBlueprint,
} from "@laila/schema";
import { Hono } from "hono";
import * as z from "zod";
import type {
  LeafLine,
  LeavesEnd,
  ManifestDocument,
  ManifestSummary,
  RepairRequest,
} from "../../api.js";
import { failureOf } from "../../failure.js";
import { bodyOf, limit, lines } from "../../http.js";
import { param, poolOf } from "../pool-of.js";

const prefix = "LAILA:MANIFEST:GLOBAL_ID:";
const repairSchema = z.strictObject({
  from: z.array(z.string()).min(1).max(100),
}) satisfies z.ZodType<RepairRequest>;

/** Manifests, and their upkeep. */
export function manifestRoutes(): Hono {
  const app = new Hono();

  app.get("/manifests", async (c) => {
    const found: ManifestSummary[] = [];
    for (const pool of laila.memory.poolRouter.pools.values()) {
      for await (const id of pool.keys({ prefix })) {
        const manifest = isGlobalId(id) && (await readable(pool, id));
        if (!manifest) continue;
        const { blueprint, ...summary } = manifest;
        found.push(summary);
      }
    }
    return c.json(found);
  });

  app.get("/pools/:pool/manifests/:id", async (c) => {
    const pool = poolOf(c);
    const manifest = await read(pool, param(c, "id"));
    if (manifest) return c.json(manifest);
    throw new LailaError(
      "NOT_FOUND",
      `There is no such manifest in ${pool.nickname ?? pool.globalId}.`,
    );
  });

  app.post("/pools/:pool/manifests/:id/verify", limit(4096), async (c) =>
    lines(leaves(verifyManifest(param(c, "id"), { pool: poolOf(c) }))),
  );

  app.post("/pools/:pool/manifests/:id/repair", limit(2 ** 16), async (c) => {
    const { from } = await bodyOf(c, repairSchema);
    const pools = from.map((poolId) => laila.memory.poolRouter.route({ poolId }));
    return lines(leaves(repairManifest(param(c, "id"), { pool: poolOf(c), from: pools })));
  });

  return app;
}

/** Undefined also for one that cannot be read: the list of entries shows what is wrong with it. */
async function readable(pool: PoolLike, id: GlobalId): Promise<ManifestDocument | undefined> {
  try {
    return await read(pool, id);
  } catch {
    return undefined;
  }
}

/** Undefined when it is not there, or is the head of a saved environment. */
async function read(pool: PoolLike, id: GlobalId): Promise<ManifestDocument | undefined> {
  const found = await pool.read(id);
  if (!found) return undefined;
  const { entry, extra } = decodeRecord(found.bytes, { key: id });
  if (extra.environment !== undefined) return undefined;
  const blueprint = parseBlueprint(entry.data);
  const nickname = entry.nickname ?? null;
  return { id, poolId: pool.globalId, nickname, leaves: countOf(blueprint), blueprint };
}

function countOf(blueprint: Blueprint): number {
  return new Set(blueprintLeaves(blueprint)).size;
}

type Task = ReturnType<typeof verifyManifest> | ReturnType<typeof repairManifest>;

async function* leaves(task: Task): AsyncGenerator<LeafLine | LeavesEnd> {
  for await (const { path, id, outcome, error, done, total } of task) {
    const message = error === undefined ? null : failureOf(error).message;
    yield { path, id, outcome, message, done, total };
  }
  const { ok, counts } = await task;
  yield { ok, counts };
}
