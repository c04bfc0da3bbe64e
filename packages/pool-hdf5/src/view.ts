import type { Journal, Place } from "./journal.js";
import { Kind } from "./layout.js";
import type { SnapshotEntry } from "./snapshot-index.js";

/** A value that is not yet in a snapshot: it is read back from its journal. */
export interface JournalEntry extends Place {
  readonly journal: Journal;
  readonly sequence: number;
}

/** A value that was acknowledged and is damaged. */
export interface LostEntry {
  readonly lost: true;
  readonly sequence: number;
}

/** Null: the key is gone. */
export type Change = JournalEntry | LostEntry | null;
export type Entry = JournalEntry | LostEntry | SnapshotEntry;

export function isInJournal(entry: Entry): entry is JournalEntry {
  return "journal" in entry;
}

export function isInSnapshot(entry: Entry): entry is SnapshotEntry {
  return "kind" in entry && entry.kind !== Kind.lost;
}

/**
 * Which keys there are and where their values lie: the snapshot's, below what the journals changed. While
 * a checkpoint writes the changes into a new snapshot they are frozen, and newer ones lie above them.
 */
export class View {
  #base = new Map<string, SnapshotEntry>();
  #frozen = new Map<string, Change>();
  #changes = new Map<string, Change>();

  #deadBytes = 0;

  setBase(base: Map<string, SnapshotEntry>): void {
    this.#base = base;
  }

  /** Bytes of the snapshot's values that were overwritten or deleted since. */
  get deadBytes(): number {
    return this.#deadBytes;
  }

  get(key: string): Entry | undefined {
    let found = this.#changes.get(key);
    if (found === undefined) found = this.#frozen.get(key);
    return found === undefined ? this.#base.get(key) : (found ?? undefined);
  }

  set(key: string, change: Change): void {
    if (!this.#changes.has(key) && !this.#frozen.has(key)) {
      this.#deadBytes += this.#base.get(key)?.length ?? 0;
    }
    this.#changes.set(key, change);
  }

  /**
   * Every key that is there all the while, once; others come and go. Nothing is copied: what changes meanwhile is
   * looked up when its turn comes, and a checkpoint puts new maps in the place of these.
   */
  *keys(): Generator<string> {
    const base = this.#base;
    const frozen = this.#frozen;
    const changes = this.#changes;
    for (const key of base.keys()) if (this.get(key)) yield key;
    for (const key of frozen.keys()) if (!base.has(key) && this.get(key)) yield key;
    for (const key of changes.keys()) {
      if (!base.has(key) && !frozen.has(key) && this.get(key)) yield key;
    }
  }

  /** Takes back what the journals said so far. */
  reset(): void {
    this.#frozen = new Map();
    this.#changes = new Map();
    this.#deadBytes = 0;
  }

  get isChanged(): boolean {
    return this.#changes.size > 0 || this.#frozen.size > 0;
  }

  /** All changes since the snapshot. */
  changes(): Map<string, Change> {
    return new Map([...this.#frozen, ...this.#changes]);
  }

  /** The changes so far become the ones of a checkpoint (with those of one that failed). */
  freeze(): ReadonlyMap<string, Change> {
    this.#frozen = this.changes();
    this.#changes = new Map();
    return this.#frozen;
  }

  /** True when no key of the snapshot is changed by what is frozen. */
  get isFrozenInsertsOnly(): boolean {
    for (const key of this.#frozen.keys()) if (this.#base.has(key)) return false;
    return true;
  }

  /** What was frozen is in a new snapshot now, which holds these. */
  install(base: Map<string, SnapshotEntry>): void {
    this.#base = base;
    this.#frozen = new Map();
    this.#deadBytes = 0;
    for (const key of this.#changes.keys()) this.#deadBytes += base.get(key)?.length ?? 0;
  }
}

/** How many keys are looked at before the event loop has its turn. */
const keysPerTurn = 1000;

/** Those that begin so, as they are asked for. */
export async function* withPrefix(keys: Iterable<string>, prefix: string): AsyncGenerator<string> {
  let looked = 0;
  for (const key of keys) {
    if (++looked % keysPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    if (key.startsWith(prefix)) yield key;
  }
}
