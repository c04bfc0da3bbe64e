import type { PoolLike } from "@laila/core";
import { Hono } from "hono";
import * as z from "zod";
import type { HeadsRequest, KeysEnd } from "../../api.js";
import { bodyOf, limit, lines } from "../../http.js";
import { headOf } from "../heads.js";
import { poolOf } from "../pool-of.js";

const headsSchema = z.strictObject({
  keys: z.array(z.string().min(1).max(4096)).max(200),
}) satisfies z.ZodType<HeadsRequest>;
const keysOfALine = 1_000;
const headsAtOnce = 8;

/** What is in a pool. */
export function poolRoutes(): Hono {
  const app = new Hono();

  app.get("/pools/:pool/keys", (c) => lines(keysOf(poolOf(c), c.req.query("prefix"))));

  app.post("/pools/:pool/heads", limit(2 ** 20), async (c) => {
    const pool = poolOf(c);
    const { keys } = await bodyOf(c, headsSchema);
    const heads = [];
    for (let i = 0; i < keys.length; i += headsAtOnce) {
      const some = keys.slice(i, i + headsAtOnce).map((key) => headOf(pool, key));
      heads.push(...(await Promise.all(some)));
    }
    return c.json(heads);
  });

  return app;
}

/** A thousand keys a line, as the pool lists them, then how many there were. */
async function* keysOf(
  pool: PoolLike,
  prefix: string | undefined,
): AsyncGenerator<string[] | KeysEnd> {
  let line: string[] = [];
  let total = 0;
  for await (const key of pool.keys({ prefix })) {
    line.push(key);
    total++;
    if (line.length < keysOfALine) continue;
    yield line;
    line = [];
  }
  if (line.length > 0) yield line;
  yield { total };
}
