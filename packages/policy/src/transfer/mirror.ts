import type { PoolLike } from "@laila/pool";
import { nameOf } from "../pool-io.js";
import { Copier } from "./copier.js";
import { everyKey, othersIn } from "./copy-pool.js";
import { manifestPrefix } from "./manifest-leaves.js";
import { checkPools, invalid, type MirrorOptions } from "./options.js";
import type { KeyResult } from "./report.js";
import type { Run } from "./run.js";
import { Transfer } from "./transfer.js";

/** How many of the source's keys are remembered, to be not asked for again. */
const maxRemembered = 100_000;

/**
 * Makes `to` equal to `from`: what is missing or different there is written, then what the source has not
 * is deleted. One direction only; the source is never changed. With `filter`, keys that it does not let
 * through stay as they are on both sides.
 *
 * Deletes come last, manifests before all others, and only when the listing of the source came to its
 * end. Before a key is deleted the source was asked for it: one that cannot be read there (CORRUPT,
 * ACCESS_DENIED) stays at the destination. Of a cache only its own values count, not its origin's. An
 * empty source makes an empty destination: look with `dryRun: true` first. INVALID_ARGUMENT when the source may evict values.
 */
export function mirror(from: PoolLike, to: PoolLike, options: MirrorOptions = {}): Transfer {
  const own = { ...options, onConflict: "overwrite" as const };
  return new Transfer("The mirror", own, async (run) => {
    checkPools(from, to);
    if (from.supports.evicts) {
      throw invalid(
        `${nameOf(from)} may evict values, and a mirror would delete what it evicted. Copy from it instead.`,
      );
    }
    const copier = new Copier(from, to, run);
    const known = new Set<string>();
    await everyKey(from, run, async (key) => {
      const copied = await copier.copy(key);
      if (copied.outcome !== "gone" && known.size < maxRemembered) known.add(key);
      return copied;
    });
    const remove = (key: string): Promise<KeyResult | undefined> =>
      known.has(key) ? Promise.resolve(undefined) : removeExtra(copier, run, key);
    await run.each(to.keys({ prefix: manifestPrefix, signal: run.signal }), remove);
    await run.each(othersIn(to, run), remove);
  });
}

async function removeExtra(
  { from, to }: Copier,
  { signal, settings }: Run,
  key: string,
): Promise<KeyResult | undefined> {
  if (await from.exists(key, { signal })) return undefined;
  if (!settings.dryRun) await to.delete(key, { signal });
  return { outcome: "deleted" };
}
