import type { PoolLike } from "@laila/pool";
import type { GlobalId } from "@laila/schema";
import { Copier } from "./copier.js";
import {
  heldBack,
  manifestIdOf,
  manifestPrefix,
  missingLeaf,
  noManifest,
  readManifest,
  type StoredManifest,
} from "./manifest-leaves.js";
import { type CopyOptions, checkPools } from "./options.js";
import type { KeyResult } from "./report.js";
import type { Run } from "./run.js";
import { Transfer } from "./transfer.js";

/**
 * Copies what is in one pool into another: everything, what `filter` lets through, or one `manifest`.
 *
 * Nothing is kept between runs, and a copy that was ended in the middle is just started again: a key
 * whose bytes are at the destination is not written. A key that is there costs a read on each side; a
 * new one a read of the source, a look at the destination, a write, and a read back. Records of
 * manifests go last. A value that somebody writes at the destination meanwhile is a conflict like one
 * that was there before, where the pool has conditional writes; else there is a moment between look and
 * write. The failure of one key does not stop the others; see {@link Transfer} for how it is told.
 */
export function copyPool(from: PoolLike, to: PoolLike, options: CopyOptions = {}): Transfer {
  return new Transfer("The copy", options, async (run) => {
    checkPools(from, to);
    const copier = new Copier(from, to, run);
    const id = manifestIdOf(options);
    if (id === undefined) {
      await everyKey(from, run, (key) => copier.copy(key));
      return;
    }
    const manifest = await readManifest(from, id, run);
    if (!manifest) throw noManifest(id, from);
    await copyManifest(copier, run, manifest);
  });
}

/** All keys of a pool; those of manifests after all others. */
export async function everyKey(
  pool: PoolLike,
  run: Run,
  act: (key: string) => Promise<KeyResult | undefined>,
): Promise<void> {
  const { signal } = run;
  await run.each(othersIn(pool, run), act);
  await run.each(pool.keys({ prefix: manifestPrefix, signal }), act);
}

/** All keys of a pool that are not those of manifests. */
export async function* othersIn(pool: PoolLike, { signal }: Run): AsyncGenerator<string> {
  for await (const key of pool.keys({ signal })) if (!key.startsWith(manifestPrefix)) yield key;
}

/**
 * The leaves, then the manifest's own record. True when all of it is at the destination; `arrived` is
 * told of what each key's value is.
 */
export async function copyManifest(
  copier: Copier,
  run: Run,
  { id, leaves, print }: StoredManifest,
  arrived: (key: GlobalId, print: string) => void = () => undefined,
): Promise<boolean> {
  run.tally.total = leaves.size + 1;
  await run.each(leaves, async (key) => {
    const copied = await copier.copy(key);
    if (copied.print !== undefined) arrived(key, copied.print);
    if (copied.outcome !== "gone") return copied;
    // One that a move took away before it was interrupted.
    if (await copier.to.exists(key, { signal: run.signal })) return { outcome: "skipped" };
    throw missingLeaf(key, copier.from);
  });
  if (run.fatal) return false;
  const { failures } = run.tally;
  if (failures > 0) {
    run.settle(id, { outcome: "failed", error: heldBack(id, failures) });
    return false;
  }
  await run.each([id], async (key) => {
    const copied = await copier.copy(key, print);
    if (copied.print !== undefined) arrived(key, copied.print);
    return copied;
  });
  return !run.fatal && run.tally.failures === 0;
}
