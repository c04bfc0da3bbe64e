import type { PoolLike } from "@laila/pool";
import { formatGlobalId, type GlobalId, LailaError, newUuid } from "@laila/schema";
import { nameOf } from "../pool-io.js";
import { Copier, changed } from "./copier.js";
import { copyManifest, everyKey } from "./copy-pool.js";
import type { Fingerprint } from "./fingerprint.js";
import { manifestIdOf, noManifest, readManifest, type StoredManifest } from "./manifest-leaves.js";
import { checkPools, invalid, type MoveOptions } from "./options.js";
import type { KeyResult } from "./report.js";
import type { Run } from "./run.js";
import { Transfer } from "./transfer.js";

/**
 * Copies as {@link copyPool} does, and deletes from the source what was read back equal at the
 * destination, unless the source's value has changed since: it is read once more right before the delete.
 * Pools have no conditional delete, so a value that is written to the source between that read and the
 * delete is lost; let nobody write there meanwhile. A key that fails, or has another value at the
 * destination, stays in the source.
 *
 * With `manifest`, nothing is deleted before all of it is at the destination; then first the manifest's
 * record goes, then its leaves, also those that other manifests name. Without it keys go one by one:
 * meanwhile leaves of the source's manifests are in one pool or the other, and in both for a moment.
 *
 * INVALID_ARGUMENT when both are the same storage (found out with one key that is written, looked for
 * and deleted), or when the destination may evict values.
 */
export function movePool(from: PoolLike, to: PoolLike, options: MoveOptions = {}): Transfer {
  return new Transfer("The move", options, async (run) => {
    checkPools(from, to);
    if (run.settings.verify === false)
      throw invalid('A move deletes only what was read back: verify is "records" or "bytes".');
    if (to.supports.evicts) {
      throw invalid(
        `${nameOf(to)} may evict values, so nothing can be moved into it. Copy into it instead.`,
      );
    }
    const id = manifestIdOf(options);
    if (!run.settings.dryRun) await refuseSameStorage(from, to, run);
    const mover = new Mover(from, to, run);
    if (id === undefined) await everyKey(from, run, (key) => mover.move(key));
    // Interrupted after its record was deleted, a move of a manifest goes on by the one at the destination.
    else await mover.moveManifest(await findManifest(id, from, to, run));
  });
}

class Mover {
  readonly #copier: Copier;
  readonly #run: Run;

  constructor(from: PoolLike, to: PoolLike, run: Run) {
    this.#copier = new Copier(from, to, run);
    this.#run = run;
  }

  async move(key: string): Promise<KeyResult> {
    const copied = await this.#copier.copy(key);
    if (copied.print === undefined) return copied;
    try {
      const removed = await this.#remove(key, copied.print);
      return removed ? { ...copied, outcome: "moved" } : copied;
    } catch (error) {
      return { ...copied, outcome: "failed", error };
    }
  }

  async moveManifest(manifest: StoredManifest): Promise<void> {
    const run = this.#run;
    // As many as the manifest has leaves, whose ids are in memory anyway.
    const prints = new Map<string, Fingerprint>();
    const whole = await copyManifest(this.#copier, run, manifest, (key, print) => {
      prints.set(key, print);
    });
    if (!whole) return;
    const remove = async (key: string): Promise<KeyResult | undefined> => {
      const print = prints.get(key);
      if (print === undefined || !(await this.#remove(key, print))) return undefined;
      return { outcome: "deleted" };
    };
    run.tally.total = run.tally.done + prints.size;
    await run.each([manifest.id], remove);
    if (run.tally.failures === 0) await run.each(manifest.leaves, remove);
  }

  /** False when the source has it no more. CONFLICT when it has another value by now. */
  async #remove(key: string, print: Fingerprint): Promise<boolean> {
    const { from } = this.#copier;
    const now = await this.#copier.look(from, key);
    if (!now) return false;
    if (now.print !== print) throw changed(key, from);
    if (!this.#run.settings.dryRun) await from.delete(key, { signal: this.#run.signal });
    return true;
  }
}

async function findManifest(
  id: GlobalId,
  from: PoolLike,
  to: PoolLike,
  run: Run,
): Promise<StoredManifest> {
  const found = (await readManifest(from, id, run)) ?? (await readManifest(to, id, run));
  if (!found) throw noManifest(id, from);
  return found;
}

/**
 * Two pools may be two ways to one storage, whatever their ids and configurations say; deleting from one
 * would then delete from both.
 */
async function refuseSameStorage(from: PoolLike, to: PoolLike, { signal }: Run): Promise<void> {
  const key = formatGlobalId({ scopes: ["PROBE"], uuid: newUuid() });
  let same: boolean;
  try {
    await to.write(key, new Uint8Array(1), { signal });
    same = await from.exists(key, { signal });
  } catch (error) {
    // It may have been written all the same; that it cannot be deleted either is the lesser news.
    await Promise.allSettled([to.delete(key)]);
    throw error;
  }
  await to.delete(key);
  if (!same) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${nameOf(from)} and ${nameOf(to)} are the same storage: a move would delete what it moved. Nothing was changed.`,
    { details: { from: from.globalId, to: to.globalId } },
  );
}
