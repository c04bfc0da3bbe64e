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

  setBase(base: Map<string, SnapshotEntry>): void {
    this.#base = base;
  }

  get(key: string): Entry | undefined {
    let found = this.#changes.get(key);
    if (found === undefined) found = this.#frozen.get(key);
    return found === undefined ? this.#base.get(key) : (found ?? undefined);
  }

  set(key: string, change: Change): void {
    this.#changes.set(key, change);
  }

  keys(prefix: string): string[] {
    const changes = this.#changes;
    const frozen = this.#frozen;
    const keys: string[] = [];
    for (const [key, change] of changes) if (change && key.startsWith(prefix)) keys.push(key);
    for (const [key, change] of frozen) {
      if (change && key.startsWith(prefix) && !changes.has(key)) keys.push(key);
    }
    for (const key of this.#base.keys()) {
      if (key.startsWith(prefix) && !changes.has(key) && !frozen.has(key)) keys.push(key);
    }
    return keys;
  }

  /** Takes back what the journals said so far. */
  reset(): void {
    this.#frozen = new Map();
    this.#changes = new Map();
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
  }
}
