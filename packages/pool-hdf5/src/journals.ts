import { randomBytes } from "node:crypto";
import { fileError } from "./errors.js";
import { files, syncDirectory } from "./files.js";
import { Journal, type JournalRecord } from "./journal.js";
import { Op } from "./journal-format.js";
import type { PoolPaths } from "./paths.js";
import type { Damage } from "./recovery.js";
import { type Change, isInJournal } from "./view.js";

/** How many bytes of values are copied at once when acknowledged records move to a fresh journal. */
const copyBytes = 16 << 20;

/** The journals that are not yet in a snapshot; the last may be the one that is written. */
export class Journals {
  readonly #paths: PoolPaths;
  readonly #poolId: Uint8Array;
  readonly #all: Journal[];
  /** Journals in which something is damaged: they are kept beside when their time comes. */
  readonly #damaged: Set<string>;
  #nextGeneration: number;
  #written: Journal | undefined;

  constructor(
    paths: PoolPaths,
    poolId: Uint8Array,
    journals: Journal[],
    nextGeneration: number,
    damaged: Set<string>,
  ) {
    this.#paths = paths;
    this.#poolId = poolId;
    this.#all = journals;
    this.#nextGeneration = nextGeneration;
    this.#damaged = damaged;
  }

  /** The journal to write to. */
  async current(): Promise<Journal> {
    return this.#written ?? this.next();
  }

  /** Creates the next journal and makes it the one to write to. */
  async next(): Promise<Journal> {
    const generation = this.#nextGeneration;
    const header = { poolId: this.#poolId, generation, nonce: randomBytes(16) };
    const journal = await Journal.create(
      this.#paths.journal(generation),
      this.#paths.directory,
      header,
    );
    this.#nextGeneration++;
    this.#all.push(journal);
    this.#written = journal;
    return journal;
  }

  get isWriting(): boolean {
    return this.#written !== undefined;
  }

  /** Notes that the last batch was acknowledged. It is no more than a help to tell damage from a torn end. */
  async markSynced(sequence: number): Promise<void> {
    try {
      await this.#written?.markSynced(sequence);
    } catch {
      // The batch is durable without the note; the next one is written over what there is of it.
    }
  }

  get bytes(): number {
    return this.#all.reduce((sum, journal) => sum + journal.size, 0);
  }

  get count(): number {
    return this.#all.length;
  }

  /** The generation of the newest journal. */
  get generation(): number {
    return this.#nextGeneration - 1;
  }

  /** Those up to a generation. */
  upTo(generation: number): Journal[] {
    return this.#all.filter((journal) => journal.generation <= generation);
  }

  /** What is damaged in the acknowledged part of each; those journals will be kept. */
  async verify(): Promise<Damage[]> {
    const damage: Damage[] = [];
    for (const journal of [...this.#all]) {
      // A checkpoint may have brought it into the snapshot by now.
      if (!this.#all.includes(journal)) continue;
      const found = await journal.verify();
      if (found.length > 0) this.#damaged.add(journal.path);
      damage.push(...found.map((range) => ({ file: journal.path, ...range })));
    }
    return damage;
  }

  /** After a snapshot of this generation: deletes the journals in it, once no read holds them. */
  async discard(generation: number): Promise<void> {
    const done = this.upTo(generation);
    this.#all.splice(0, done.length);
    for (const journal of done) {
      if (this.#written === journal) this.#written = undefined;
      await journal.release();
      try {
        if (!this.#damaged.has(journal.path)) await files.unlink(journal.path);
        else {
          await files.rename(journal.path, this.#paths.damaged("journal", journal.generation));
          await syncDirectory(this.#paths.directory);
        }
      } catch (error) {
        throw fileError(error, "Removing the journal", journal.path);
      }
    }
  }

  /**
   * After the written journal failed: all acknowledged changes go to a fresh one, which says that the
   * earlier ones no longer count. Gives where they lie now.
   */
  async rescue(
    changes: ReadonlyMap<string, Change>,
    nextSequence: () => number,
  ): Promise<Map<string, Change>> {
    const journal = await this.next();
    const moved = new Map<string, Change>();
    let batch: (JournalRecord & { readonly key: Buffer })[] = [];
    let bytes = 0;
    const flush = async (last: readonly JournalRecord[]): Promise<void> => {
      const places = await journal.append([...batch, ...last], nextSequence());
      await journal.sync();
      for (const [i, { key, sequence, op }] of batch.entries()) {
        const place = places[i];
        const name = key.toString("utf8");
        if (op === Op.delete) moved.set(name, null);
        else if (op === Op.put && place) moved.set(name, { journal, ...place, sequence });
        else moved.set(name, { lost: true, sequence });
      }
      batch = [];
      bytes = 0;
    };
    for (const [key, change] of changes) {
      const record = await rescued(key, change, nextSequence());
      batch.push(record);
      bytes += record.value?.byteLength ?? 0;
      if (bytes >= copyBytes) await flush([]);
    }
    await flush([{ op: Op.reset, sequence: nextSequence() }]);
    return moved;
  }

  async close(): Promise<void> {
    this.#written = undefined;
    for (const journal of this.#all.splice(0)) await journal.release();
  }
}

async function rescued(
  key: string,
  change: Change,
  sequence: number,
): Promise<JournalRecord & { readonly key: Buffer }> {
  const base = { sequence, key: Buffer.from(key) };
  if (change === null) return { ...base, op: Op.delete };
  if (!isInJournal(change)) return { ...base, op: Op.lost };
  const value = await change.journal.read(change);
  return value ? { ...base, op: Op.put, value } : { ...base, op: Op.lost };
}
