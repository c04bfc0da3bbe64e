import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { LailaError } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import { files, syncDirectory } from "./files.js";
import { Journal } from "./journal.js";
import type { Replay } from "./journal-replay.js";
import type { PoolPaths } from "./paths.js";
import { readSums, type SnapshotFile } from "./snapshot-file.js";
import { areOf } from "./sums.js";
import { View } from "./view.js";

/** Bytes of a pool's files that no longer say what they said. */
export interface Damage {
  readonly file: string;
  /** Where, in bytes; absent for a value in the HDF5 file. */
  readonly start?: number;
  readonly end?: number;
  /** Whose value it was, where that is known. */
  readonly key?: string;
}

/** The state that the files on the disk amount to. */
export interface Recovered {
  readonly view: View;
  readonly poolId: Uint8Array;
  /** Journals above the snapshot, in order. */
  readonly journals: Journal[];
  readonly nextGeneration: number;
  readonly lastSequence: number;
  /** In bytes; undefined when there is none yet. */
  readonly snapshotSize: number | undefined;
  readonly damage: Damage[];
}

interface OpenedJournal {
  readonly journal: Journal;
  readonly replay: Replay;
}

/**
 * Opens the snapshot and replays the journals above its generation. What a crash left unfinished is
 * cleaned up; nothing that was acknowledged is removed. CORRUPT when the files do not belong together.
 */
export async function recover(paths: PoolPaths, snapshot: SnapshotFile): Promise<Recovered> {
  const opened: OpenedJournal[] = [];
  try {
    return await new Recovery(paths, snapshot, opened).run();
  } catch (error) {
    for (const { journal } of opened) await journal.release();
    throw error;
  }
}

class Recovery {
  readonly #paths: PoolPaths;
  readonly #snapshot: SnapshotFile;
  readonly #opened: OpenedJournal[];
  readonly #unfinished: string[] = [];

  constructor(paths: PoolPaths, snapshot: SnapshotFile, opened: OpenedJournal[]) {
    this.#paths = paths;
    this.#snapshot = snapshot;
    this.#opened = opened;
  }

  async run(): Promise<Recovered> {
    const paths = this.#paths;
    const names = await this.#files(() => files.readdir(paths.directory));
    const view = new View();
    await this.#adoptSums(names);
    const loaded = await this.#snapshot.load();
    if (loaded) view.setBase(loaded.entries);
    const mark = loaded?.mark;
    const snapshotSize = loaded?.identity.size;
    await this.#openJournals(names);

    const poolId =
      (mark && Buffer.from(mark.poolId, "hex")) ??
      this.#opened[0]?.journal.poolId ??
      randomBytes(16);
    const generation = mark?.generation ?? 0;
    const live = this.#checkTogether(poolId, generation);
    // From here on it is certain that the files are ours and belong together.
    await this.#removeLeftovers(names, generation);
    if (loaded?.staleSums) await this.#files(() => removeIfThere(paths.sums));

    const damage: Damage[] = loaded?.salvaged ? [{ file: paths.file }] : [];
    let lastSequence = mark?.sequence ?? 0;
    for (const { journal, replay } of live) {
      await journal.setAsideTail(paths.torn(journal.generation, replay.end));
      applyReplay(view, journal, replay);
      damage.push(...replay.damage.map((range) => ({ file: journal.path, ...range })));
      lastSequence = Math.max(lastSequence, replay.lastSequence);
    }
    const journals = live.map(({ journal }) => journal);
    const nextGeneration = generation + live.length + 1;
    return { view, poolId, journals, nextGeneration, lastSequence, snapshotSize, damage };
  }

  /** The process may have ended after it put a snapshot into place, and before its sums. */
  async #adoptSums(names: readonly string[]): Promise<void> {
    for (const path of this.#paths.temporarySums(names)) {
      const sums = await readSums(path);
      const stats = await statIfThere(this.#paths.file);
      if (!sums || !stats || !areOf(sums, stats)) continue;
      await this.#files(() => files.rename(path, this.#paths.sums));
      await this.#files(() => syncDirectory(this.#paths.directory));
    }
  }

  async #openJournals(names: readonly string[]): Promise<void> {
    for (const generation of this.#paths.generations(names)) {
      const path = this.#paths.journal(generation);
      const found = await Journal.open(path);
      if (found) {
        this.#opened.push(found);
        if (found.journal.generation !== generation) throw notTogether(path, this.#paths.file);
        continue;
      }
      // The process died while it created the file: nobody has written to it.
      this.#unfinished.push(path);
    }
  }

  /** The journals above a generation. CORRUPT when one is missing, or is another pool's. */
  #checkTogether(poolId: Uint8Array, generation: number): OpenedJournal[] {
    for (const { journal } of this.#opened) {
      if (!Buffer.from(poolId).equals(journal.poolId)) {
        throw notTogether(journal.path, this.#paths.file);
      }
    }
    const live = this.#opened.filter(({ journal }) => journal.generation > generation);
    for (const [i, { journal }] of live.entries()) {
      const expected = generation + 1 + i;
      if (journal.generation !== expected) throw gap(this.#paths.file, expected, journal.path);
    }
    return live;
  }

  async #removeLeftovers(names: readonly string[], generation: number): Promise<void> {
    const sums = this.#paths.temporarySums(names);
    const temporaries = [...this.#paths.temporaries(names), ...sums, ...this.#unfinished];
    for (const path of temporaries) await this.#files(() => removeIfThere(path));
    const old = this.#opened.filter(({ journal }) => journal.generation <= generation);
    for (const { journal } of old) {
      // Released by the caller, should anything go wrong before the unlink.
      await this.#files(() => files.unlink(journal.path));
      this.#opened.splice(0, 1);
      await journal.release();
    }
    if (temporaries.length + old.length > 0) {
      await this.#files(() => syncDirectory(this.#paths.directory));
    }
  }

  async #files<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw fileError(error, "Opening the pool in", this.#paths.directory);
    }
  }
}

function applyReplay(view: View, journal: Journal, { changes }: Replay): void {
  if (changes.some(({ op }) => op === "reset")) view.reset();
  for (const change of changes) {
    if (change.op === "put") {
      const { offset, length, crc, sequence } = change;
      view.set(change.key, { journal, offset, length, crc, sequence });
    } else if (change.op === "delete") view.set(change.key, null);
    else if (change.op === "lost") view.set(change.key, { lost: true, sequence: change.sequence });
  }
}

function notTogether(journal: string, file: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `The journal ${journal} does not belong to ${file}: one of them was put there by hand. Nothing was changed; put the right files together again.`,
    { details: { path: journal } },
  );
}

function gap(file: string, expected: number, found: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `${file} (or a journal of it) is missing, or older than its journals: journal ${expected} should come next, but ${found} does. Nothing was changed; restore the missing file.`,
    { details: { path: file } },
  );
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw fileError(error, "Looking at", path);
  }
}

/** Sums that were adopted are not there any more. */
async function removeIfThere(path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
