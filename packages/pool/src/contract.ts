import type { GlobalId } from "@laila/schema";
import type * as z from "zod";

/** Opaque: compare for equality, and only with versions of the same pool. Equal content may repeat one. */
export type Version = string;

/** What is there at once, or comes later. */
export type Awaitable<T> = T | Promise<T>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A write happens only if this holds at the moment of commit; otherwise CONFLICT and nothing changed. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifVersion: Version };

export interface WriteOptions extends CallOptions {
  readonly condition?: WriteCondition | undefined;
  /**
   * The caller gives these bytes away and never changes them again: the pool need not copy them. Of a
   * larger buffer only this window is given away.
   */
  readonly handOver?: boolean | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * The caller neither changes nor keeps bytes that are `lent`: a pool in memory may give its own, as long
   * as it does not change those either.
   */
  readonly borrow?: boolean | undefined;
}

export interface KeysOptions extends CallOptions {
  readonly prefix?: string | undefined;
}

export interface ReadResult {
  readonly bytes: Uint8Array;
  /** Undefined where the pool has no versions. */
  readonly version: Version | undefined;
  /** These are the pool's own bytes; only for a caller who borrows. */
  readonly lent?: boolean | undefined;
}

/** A value that is settled and whose bytes are made when somebody asks for them. */
export interface LazyValue {
  /** The same bytes at every call, each time the caller's own. */
  toBytes(): Uint8Array;
}

/** What a value is written from: an async generator, a Node or a web stream of bytes, an array of chunks. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface WriteStreamOptions extends CallOptions {
  readonly condition?: WriteCondition | undefined;
}

export interface ReadStreamResult {
  /**
   * The value's bytes in order, once. What is wrong with a value may be found behind its last byte only: use
   * nothing of it before the iteration has ended without an error.
   */
  readonly stream: AsyncIterable<Uint8Array>;
  /** In bytes; undefined where it is not known beforehand. */
  readonly size: number | undefined;
  readonly version: Version | undefined;
}

/** One key's outcome of `readMany`: neither `result` nor `error` means "not there". */
export interface ReadManyResult {
  readonly key: string;
  readonly result?: ReadResult | undefined;
  readonly error?: unknown;
}

export interface WriteManyItem {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly condition?: WriteCondition | undefined;
  /** As in {@link WriteOptions}. */
  readonly handOver?: boolean | undefined;
}

/** One key's outcome of `writeMany` and `deleteMany`, in the order asked. */
export interface ManyResult {
  readonly key: string;
  readonly version?: Version | undefined;
  readonly error?: unknown;
}

/** What a pool can do. The conformance suite checks each of these against what it does. */
export interface Supports {
  /** `ifAbsent` and `ifVersion` hold, also between writers that don't know of each other. */
  readonly conditionalWrites: boolean;
  /** A write that resolved survives the sudden death of the process. */
  readonly durable: boolean;
  /** What was written is there after close and reopen. */
  readonly persistent: boolean;
  /** The `…Many` calls cost less than one call for each key. */
  readonly batch: boolean;
  /** `_readStream` and `_writeStream` exist. */
  readonly streams: boolean;
  /** Several processes may use the storage at the same time. */
  readonly sharedBetweenProcesses: boolean;
  /** Values may vanish without a delete: good for a cache only. */
  readonly evicts: boolean;
  /** True when it was opened for reading only: writes and deletes are UNSUPPORTED. */
  readonly readOnly?: boolean;
  readonly maxValueBytes: number;
  /** In UTF-8 bytes, at least 256. */
  readonly maxKeyBytes: number;
}

/**
 * A pool stores bytes under a key. Keys are well-formed Unicode strings, 1 to 256 UTF-8 bytes
 * everywhere (`supports.maxKeyBytes` says more); values are bytes. Every call may throw, besides what it
 * names: CLOSED after `close()`, ABORTED or TIMEOUT through its signal, INVALID_ARGUMENT for a malformed
 * key, ACCESS_DENIED, NO_SUCH_STORE, UNAVAILABLE and the other codes of the storage behind it.
 */
export interface PoolLike extends AsyncDisposable {
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly supports: Supports;
  /** The pool that a read which misses here goes on to; see {@link proxyTo}. */
  readonly proxy: PoolLike | undefined;
  /** On a layer: the pool that it wraps. */
  readonly inner?: PoolLike | undefined;

  /** Every call opens by itself; calling it tells early whether the storage is there. A failed open is tried again. */
  open(options?: CallOptions): Promise<void>;
  /** The value, or undefined when there is none. CORRUPT when there is one that cannot be trusted. */
  read(key: string, options?: ReadOptions): Promise<ReadResult | undefined>;
  /**
   * Durable (where `supports.durable`) and atomic when it resolves. The caller may change the bytes as soon
   * as the call has returned its promise. CONFLICT (`details.outcome`: "lost" or "unknown"), TOO_LARGE, NO_SPACE.
   */
  write(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<Version | undefined>;
  /**
   * Keeps a value as it is instead of its bytes, at once, as a pool in this process's memory can. False, and
   * nothing has changed, where it cannot (the pool is not open yet, or closed, or wants bytes): `write` them.
   */
  keepLazy?(key: string, value: LazyValue): boolean;
  /** True where {@link keepLazy} is true of nearly every value, so that it is worth while to make one. */
  readonly keepsLazy?: boolean;
  /** The value that was kept as it is, at once; undefined where there is none: `read`. */
  keptLazy?(key: string): LazyValue | undefined;
  /** Deletes what lies there, at once. False, and nothing has changed, where it cannot: `delete` it. */
  dropLazy?(key: string): boolean;
  /**
   * As `read`, a chunk at a time. Where `supports.streams`, of values of any length in bounded memory;
   * elsewhere the value is read whole first. A miss goes on to the origin, and no copy is kept. A value that
   * is overwritten while it is read: CONFLICT, if the storage cannot go on giving the old one.
   */
  readStream?(key: string, options?: CallOptions): Promise<ReadStreamResult | undefined>;
  /**
   * As `write`, of bytes that come a chunk at a time; nothing is changed before the last one has come. The
   * source is asked for no more than is needed next, and ended if the write fails; what it throws, this
   * rejects with. Where `supports.streams`, in bounded memory; elsewhere the value is gathered first.
   */
  writeStream?(
    key: string,
    source: ByteSource,
    options?: WriteStreamOptions,
  ): Promise<Version | undefined>;
  /** Gone when it resolves. Deleting what is not there is no error. */
  delete(key: string, options?: CallOptions): Promise<void>;
  /** Without reading the value; never false when it does not know. */
  exists(key: string, options?: CallOptions): Promise<boolean>;
  /** Every key exactly once, in no order, never silently cut. Keys written meanwhile may be there or not. */
  keys(options?: KeysOptions): AsyncIterable<string>;
  /** In any order, once for each key. A key's own failure is its `error`; the others go on. */
  readMany(keys: Iterable<string>, options?: CallOptions): AsyncIterable<ReadManyResult>;
  /** An outcome for each item, in order. Items of one key are written one after the other. */
  writeMany(items: Iterable<WriteManyItem>, options?: CallOptions): Promise<ManyResult[]>;
  deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<ManyResult[]>;
  /** Makes reads that miss here read `origin` and keep a copy; undefined takes it off. Cycles are INVALID_ARGUMENT. */
  proxyTo(origin: PoolLike | undefined): void;
  /**
   * The storage's own clock, in pools that have one which all their users share. It costs a request. A
   * layer does not have it: ask the innermost pool.
   */
  time?(options?: CallOptions): Promise<Date>;
  /**
   * The configuration as a document: `class_token`, `package`, `nickname`, snake_case fields; secrets as
   * `Secret`. Of a layered pool, the pool's own with its `layers`, innermost first.
   */
  toConfig(): PoolConfig;
  /** Flushes and releases. Closing twice is fine. */
  close(): Promise<void>;
}

/** What {@link PoolLike.toConfig} gives. Values of fields marked secret are `Secret` objects, not strings. */
export interface PoolConfig {
  readonly class_token: string;
  readonly package: string;
  readonly nickname?: string;
  /** What is wrapped around the pool, innermost first. */
  readonly layers?: readonly LayerConfig[];
  readonly [field: string]: unknown;
}

/** One layer of a pool as a document: its class and the snake_case fields that the class declares. */
export interface LayerConfig {
  readonly class_token: string;
  readonly [field: string]: unknown;
}

/** What a pool gets besides its configuration: who it is and where it lives. */
export interface PoolOptions {
  /** Restores an identity, as a recovery does. */
  readonly globalId?: GlobalId | undefined;
  /** The namespace of nicknames (a uuid). */
  readonly namespace?: string | undefined;
  /** LAILA's home directory. Backends that need one fall back to LAILA_HOME, then `~/.laila`. */
  readonly home?: string | undefined;
  /** What relative paths of the configuration are relative to; the working directory unless given. */
  readonly directory?: string | undefined;
}

/** A class of pools, as recovery is given them: `poolClasses: [S3Pool, HDF5Pool]`. */
export interface PoolClass<P extends PoolLike = PoolLike> {
  // biome-ignore lint/suspicious/noExplicitAny: every class has its own configuration type.
  new (config: any, options?: PoolOptions): P;
  /**
   * All fields, marked with `secret`, `exempt` and `path` where they are; `nickname` is the base's. Of a
   * field marked `path`, a pool has the absolute path that it uses as a property of the same name, so that
   * capturing sees where the data lies when it was made for another home or directory.
   */
  readonly configSchema: z.ZodObject;
  /** The name in documents: `S3Pool`. */
  readonly classToken: string;
  readonly packageName: string;
  /**
   * Where a pool of this (parsed, camelCase) configuration sends its credentials, as a URL origin such
   * as `https://s3.example.org`; undefined when the configuration names no destination of its own; null
   * when it sends none, because something that exists at run time only (a ready client) does that.
   * A class whose configuration can name a host must have it.
   */
  destination?(config: Readonly<Record<string, unknown>>): string | null | undefined;
}
