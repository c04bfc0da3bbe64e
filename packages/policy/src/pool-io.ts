import { channel } from "node:diagnostics_channel";
import {
  type Awaitable,
  type CallOptions,
  type Cancellation,
  LazyCallOptions,
  type ManyResult,
  type PoolLike,
  type ReadResult,
} from "@laila/pool";
import {
  type ClassRegistry,
  decodeRecord,
  type Entry,
  type GlobalId,
  isLailaError,
  LailaError,
  parseGlobalId,
  RecordSnapshot,
  snapshotRecord,
} from "@laila/schema";
import { batches, chunks, each, outcome } from "./batches.js";
import type { CentralCommand } from "./central-command.js";
import type { FutureControl } from "./future.js";
import type { Outcome } from "./group-future.js";
import { type Heard, heard } from "./operations.js";
import { bytesOf, type EncodedEntry, madeInRounds } from "./records.js";

const largestBatch = 256;
/** The diagnostics channel that tells of copies (`keepCopy`) that could not be kept. */
export const failedCopyChannel = "laila:failed-copy";

/** What is published on {@link failedCopyChannel}. */
export interface FailedCopy {
  /** The pool that was to keep the copy. */
  readonly poolId: GlobalId;
  readonly key: string;
  readonly error: unknown;
}

const failedCopies = channel(failedCopyChannel);

/**
 * Entries in and out of pools. Only what is one pool operation takes a place on the taskforce, so
 * that whatever is composed of them can never wait for a place while it holds one. A batch may be a
 * request for each key underneath, so it takes a place for each key.
 */
export class PoolIo {
  readonly #command: CentralCommand;
  readonly #recorder: GlobalId;
  readonly #classes: ClassRegistry;

  constructor(command: CentralCommand, recorder: GlobalId, classes: ClassRegistry) {
    this.#command = command;
    this.#recorder = recorder;
    this.#classes = classes;
  }

  /** Synchronous, in the form that suits the pool. UNSUPPORTED_TYPE with the path of what cannot be stored. */
  encode(entry: Entry, pool: PoolLike): EncodedEntry {
    const record = snapshotRecord(entry, {
      recorder: this.#recorder,
      classes: this.#classes,
      arrays: pool.keepsLazy,
    });
    return { id: entry.globalId, record };
  }

  /**
   * The record was made for this and is nobody else's, so the pool need not copy it. Undefined when it is done
   * already: what a pool keeps as it is has nothing to wait for, and takes no place.
   */
  write(
    pool: PoolLike,
    { id, record }: EncodedEntry,
    control: Cancellation,
  ): Promise<unknown> | undefined {
    const told = heard("memorize", pool);
    const lazily = !told && !control.aborted && record instanceof RecordSnapshot;
    if (lazily && pool.keepLazy?.(id, record)) return undefined;
    const options = new LazyCallOptions(control, { handOver: true });
    if (!told) return this.#submit(options, () => pool.write(id, bytesOf(record), options));
    const bytes = bytesOf(record);
    // What was handed over may be empty afterwards.
    const { byteLength } = bytes;
    const writing = this.#submit(options, () => pool.write(id, bytes, options));
    return told.single(writing, id, byteLength);
  }

  /** NOT_FOUND, CORRUPT. With `copyTo`, the record is also kept there. */
  read(pool: PoolLike, id: GlobalId, control: Cancellation, copyTo?: PoolLike): Awaitable<Entry> {
    const told = heard("remember", pool);
    if (!told && !copyTo && !control.aborted) {
      const kept = pool.keptLazy?.(id);
      // One of another entry is misfiled, which its bytes will tell.
      if (kept instanceof RecordSnapshot && kept.globalId === id) return kept.toEntry();
    }
    const options = new LazyCallOptions(control, { borrow: true });
    const reading = this.#submit(options, () => pool.read(id, options));
    const landing = told ? told.landing(reading, [id]) : reading;
    return landing.then((found) => {
      const entry = this.#decode(pool, id, found, told);
      if (!copyTo || !found) return entry;
      return this.#keep(pool, copyTo, { id, record: found.bytes }, control).then(() => entry);
    });
  }

  /** Undefined when it is done already. */
  delete(pool: PoolLike, id: GlobalId, control: Cancellation): Promise<void> | undefined {
    const told = heard("forget", pool);
    if (!told && !control.aborted && pool.dropLazy?.(id)) return undefined;
    const options = new LazyCallOptions(control);
    const deleting = this.#submit(options, () => pool.delete(id, options));
    return told ? told.single(deleting, id) : deleting;
  }

  /** In the pool itself or in what it is a cache of. */
  async exists(pool: PoolLike, id: GlobalId, control: Cancellation): Promise<boolean> {
    const options = new LazyCallOptions(control);
    for (let at: PoolLike | undefined = pool; at; at = at.proxy) {
      const here = at;
      if (await this.#submit(options, () => here.exists(id, options))) return true;
    }
    return false;
  }

  /** The id of the highest evolution in the pool, or in what it is a cache of. NOT_FOUND. */
  async latest(pool: PoolLike, constantId: GlobalId, control: Cancellation): Promise<GlobalId> {
    const options = new LazyCallOptions(control);
    let highest: number | undefined;
    for (let at: PoolLike | undefined = pool; at; at = at.proxy) {
      const here = at;
      // A listing is one operation, however many pages the pool makes of it.
      await this.#submit(options, async () => {
        const prefix = `${constantId}-`;
        for await (const key of here.keys({ prefix, signal: control.signal })) {
          const evolution = evolutionOf(key);
          if (evolution !== undefined && (highest === undefined || evolution > highest))
            highest = evolution;
        }
      });
    }
    if (highest === undefined) {
      throw notFound(constantId, pool, `There is no evolution of ${constantId}`);
    }
    return `${constantId}-${highest}`;
  }

  /** An outcome for each record, in order. */
  async writeAll(
    pool: PoolLike,
    records: readonly EncodedEntry[],
    control: FutureControl,
  ): Promise<Outcome<void>[]> {
    if (!this.#batches(pool, records.length)) {
      return each(records, control, async (record) => {
        await this.write(pool, record, control);
      });
    }
    const options = new LazyCallOptions(control);
    return batches(chunks(records, this.#batch), control, async (batch) => {
      const told = heard("memorize", pool);
      const sizes: number[] = [];
      const write = async (): Promise<ManyResult[]> => {
        const results: ManyResult[] = [];
        for (const items of madeInRounds(batch)) {
          sizes.push(...items.map(({ bytes }) => bytes.byteLength));
          results.push(...(await pool.writeMany(items, options)));
        }
        return results;
      };
      const writing = this.#submit(options, write, batch.length);
      const ids = batch.map(({ id }) => id);
      const results = await (told ? told.batch(writing, ids, sizes) : writing);
      return results.map(({ error }) => outcome<void>(error, undefined));
    });
  }

  async deleteAll(
    pool: PoolLike,
    ids: readonly GlobalId[],
    control: FutureControl,
  ): Promise<Outcome<GlobalId>[]> {
    if (!this.#batches(pool, ids.length)) {
      return each(ids, control, async (id) => {
        await this.delete(pool, id, control);
        return id;
      });
    }
    const options = new LazyCallOptions(control);
    return batches(chunks(ids, this.#batch), control, async (batch) => {
      const told = heard("forget", pool);
      const remove = () => pool.deleteMany(batch, options);
      const deleting = this.#submit(options, remove, batch.length);
      const results = await (told ? told.batch(deleting, batch) : deleting);
      return results.map(({ key, error }) => outcome(error, key));
    });
  }

  /** An outcome for each id, in order. An id that comes twice is read once. */
  async readAll(
    pool: PoolLike,
    ids: readonly GlobalId[],
    control: FutureControl,
    copyTo?: PoolLike,
  ): Promise<Outcome<Entry>[]> {
    const unique = [...new Set(ids)];
    const found = this.#batches(pool, unique.length)
      ? await batches(chunks(unique, this.#batch), control, (batch) =>
          this.#readBatch(pool, batch, control, copyTo),
        )
      : await each(unique, control, (id) => this.read(pool, id, control, copyTo));
    if (unique.length === ids.length) return found;
    control.advance(ids.length - unique.length);
    const byId = new Map(unique.map((id, i) => [id, found[i] as Outcome<Entry>]));
    return ids.map((id) => byId.get(id) as Outcome<Entry>);
  }

  /** Runs `act` for each, some at a time; an outcome for each, in order. */
  forEach<I, O>(
    items: readonly I[],
    control: FutureControl,
    act: (item: I) => Awaitable<O>,
  ): Promise<Outcome<O>[]> {
    return each(items, control, act);
  }

  async #readBatch(
    pool: PoolLike,
    ids: readonly GlobalId[],
    control: Cancellation,
    copyTo: PoolLike | undefined,
  ): Promise<Outcome<Entry>[]> {
    const told = heard("remember", pool);
    const found = new Map<GlobalId, ReadResult>();
    const errors = new Map<GlobalId, unknown>();
    const options = new LazyCallOptions(control);
    const read = async (): Promise<void> => {
      for await (const { key, result, error } of pool.readMany(ids, options)) {
        if (error !== undefined) errors.set(key, error);
        else if (result) found.set(key, result);
      }
    };
    const reading = this.#submit(options, read, ids.length);
    await (told ? told.landing(reading, ids) : reading);
    // Decoding and copying hold no place on the taskforce.
    return each(ids, undefined, async (id) => {
      if (errors.has(id)) {
        told?.ended(id, undefined, errors.get(id));
        throw errors.get(id);
      }
      const result = found.get(id);
      const entry = this.#decode(pool, id, result, told);
      if (copyTo && result) await this.#keep(pool, copyTo, { id, record: result.bytes }, control);
      return entry;
    });
  }

  /** Never over a value that is there, which may be the newer one; and the read does not fail with it. */
  async #keep(
    from: PoolLike,
    pool: PoolLike,
    { id, record }: EncodedEntry,
    control: Cancellation,
  ): Promise<void> {
    if (from === pool) return;
    const { signal } = control;
    const bytes = bytesOf(record);
    try {
      if (pool.supports.conditionalWrites) {
        const condition = { ifAbsent: true } as const;
        await this.#submit({ signal }, () => pool.write(id, bytes, { signal, condition }));
      } else if (!(await this.#submit({ signal }, () => pool.exists(id, { signal })))) {
        // Not handed over: the entry's data may be a view of these bytes.
        await this.#submit({ signal }, () => pool.write(id, bytes, { signal }));
      }
    } catch (error) {
      if (isLailaError(error, "CONFLICT") && error.details.outcome !== "unknown") return;
      const told: FailedCopy = { poolId: pool.globalId, key: id, error };
      failedCopies.publish(told);
    }
  }

  /** What ends the reading of an entry. */
  #decode(
    pool: PoolLike,
    id: GlobalId,
    found: ReadResult | undefined,
    told: Heard | undefined,
  ): Entry {
    if (!found) {
      const error = notFound(id, pool, `There is nothing under ${id}`);
      told?.ended(id, undefined, error);
      throw error;
    }
    const { bytes, lent: borrowed } = found;
    try {
      const { entry } = decodeRecord(bytes, { key: id, classes: this.#classes, borrowed });
      told?.ended(id, bytes.byteLength);
      return entry;
    } catch (cause) {
      const error = isLailaError(cause) ? inPool(cause, pool, id) : cause;
      told?.ended(id, bytes.byteLength, error);
      throw error;
    }
  }

  #batches(pool: PoolLike, keys: number): boolean {
    return pool.supports.batch && keys > 1 && this.#batch > 1;
  }

  /** Half of the places, so that one batch is under way while the next is collected, and others get through. */
  get #batch(): number {
    const { max_concurrency } = this.#command.alphaTaskforce.toConfig();
    return Math.min(largestBatch, Math.ceil(max_concurrency / 2));
  }

  /** The options of the call are the taskforce's too, so that no signal is made for it alone. */
  #submit<T>(options: CallOptions, operation: () => Promise<T>, places = 1): Promise<T> {
    const { alphaTaskforce } = this.#command;
    if (places === 1) return alphaTaskforce.submit(operation, options);
    return alphaTaskforce.submit(operation, { signal: options.signal, places });
  }
}

/** How a pool is called in messages. */
export function nameOf(pool: PoolLike): string {
  return pool.nickname === undefined
    ? `the pool ${pool.globalId}`
    : `the pool ${JSON.stringify(pool.nickname)}`;
}

function notFound(id: GlobalId, pool: PoolLike, what: string): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `${what} in ${nameOf(pool)}. Check the name and its namespace, or say which pool it is in: { poolNickname }, { poolId } or { pool }.`,
    { details: { id, pool: pool.globalId, poolNickname: pool.nickname } },
  );
}

function inPool(error: LailaError, pool: PoolLike, id: GlobalId): LailaError {
  return new LailaError(error.code, `${id} in ${nameOf(pool)}: ${error.message}`, {
    cause: error,
    details: { ...error.details, id, pool: pool.globalId },
  });
}

function evolutionOf(key: string): number | undefined {
  try {
    return parseGlobalId(key).evolution;
  } catch {
    // Another key that begins alike; a listing may hold anything.
    return undefined;
  }
}
