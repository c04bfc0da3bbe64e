import type { Awaitable, PoolLike } from "@laila/pool";
import { type Blueprint, type Entry, type GlobalId, LailaError } from "@laila/schema";
import type { Bank } from "./bank.js";
import {
  forgetNames,
  memorizeNames,
  type Received,
  received,
  rememberNames,
} from "./call-options.js";
import { type Future, type FutureControl, withoutSteps } from "./future.js";
import type { GroupFuture, Outcome } from "./group-future.js";
import { forgetManifest, memorizeManifest, rememberLeaves } from "./manifest-io.js";
import type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
  RouteOptions,
} from "./options.js";
import { kindOf } from "./plain.js";
import type { PoolIo } from "./pool-io.js";
import type { ExtendOptions, PoolRouter } from "./pool-router.js";
import type { EncodedEntry } from "./records.js";
import type { Runtime } from "./runtime.js";
import {
  type EntrySelector,
  explain,
  isCollection,
  isEntry,
  isManifestLike,
  isPromiseLike,
  isSelector,
  type ManifestLike,
  type Selected,
  type Target,
  targetOf,
  targetsOf,
} from "./selectors.js";
import { attempt, type Backstage, type Stage } from "./stage.js";

/** What a central memory is made of; a policy puts it together. */
export interface MemoryParts {
  readonly globalId: GlobalId;
  readonly namespace: string;
  readonly poolRouter: PoolRouter;
  readonly io: PoolIo;
  readonly runtime: Runtime;
}

/**
 * The three verbs. Nothing here throws: every failure is the returned future's, also that of an
 * argument (INVALID_ARGUMENT, INVALID_ID), of the address (NOT_FOUND) or of a closed policy (CLOSED).
 * Operations that are under way at the same time have no order, also on one entry: await the first.
 */
export class CentralMemory {
  readonly globalId: GlobalId;
  readonly poolRouter: PoolRouter;
  readonly #namespace: string;
  readonly #io: PoolIo;
  readonly #runtime: Runtime;

  /** @internal A policy makes its memory. */
  constructor({ globalId, namespace, poolRouter, io, runtime }: MemoryParts) {
    this.globalId = globalId;
    this.poolRouter = poolRouter;
    this.#namespace = namespace;
    this.#io = io;
    this.#runtime = runtime;
  }

  /** Where everything without an address goes. */
  get alphaPool(): PoolLike {
    return this.poolRouter.alphaPool;
  }

  /** The futures that are pending. */
  get bank(): Bank {
    return this.#runtime.bank;
  }

  /** Registers a pool: {@link PoolRouter.extend}. Throws CONFLICT, INVALID_ARGUMENT, CLOSED. */
  extend(pool: PoolLike, options?: ExtendOptions): void {
    if (this.#runtime.stopped) {
      throw new LailaError(
        "CLOSED",
        `The policy ${this.#runtime.policyId} is closed and takes no more pools.`,
      );
    }
    this.poolRouter.extend(pool, options);
  }

  /** Takes a pool out without closing it: {@link PoolRouter.detach}. Throws NOT_FOUND, INVALID_ARGUMENT. */
  detach(which: PoolLike | RouteOptions): PoolLike {
    return this.poolRouter.detach(which);
  }

  /**
   * Writes an entry, a manifest with its leaves, or several entries. The values are encoded before
   * this returns, so later changes to them don't matter. Resolves to what was written.
   *
   * INVALID_ARGUMENT for a raw value (wrap it with `constant()` or `variable()`), UNSUPPORTED_TYPE for
   * one that cannot be stored, and what the pool says: TOO_LARGE, NO_SPACE, ACCESS_DENIED …
   */
  memorize<T>(entry: Entry<T>, options?: MemoryOptions): Future<Entry<T>>;
  memorize(manifest: ManifestLike, options?: MemorizeManifestOptions): Future<Entry<Blueprint>>;
  memorize<const E extends readonly Entry[]>(
    entries: E,
    options?: MemoryOptions,
  ): GroupFuture<{ -readonly [K in keyof E]: E[K] }>;
  memorize<T>(entries: Iterable<Entry<T>>, options?: MemoryOptions): GroupFuture<Entry<T>[]>;
  memorize(what: unknown, given?: MemorizeManifestOptions): Future<unknown> {
    const { options, refused } = received("memorize", given, memorizeNames);
    const { signal } = options;
    if (isManifestLike(what)) return memorizeManifest(this.#backstage(refused), what, options);
    if (isEntry(what)) {
      // A future begins its work at once: the value is encoded when this returns.
      return this.#runtime.start((control) => {
        const pool = this.#routed(options, refused);
        const record = this.#io.encode(what, pool);
        return this.#io.write(pool, record, control)?.then(() => what) ?? what;
      }, options);
    }
    const entries = attempt(() => entriesOf(what));
    const pool = this.#route(options, refused);
    const records = attempt(() => encodeAll(this.#io, entries(), pool()));
    return this.#runtime.startGroup(
      async (control) => {
        const outcomes = await this.#io.writeAll(pool(), records(), control);
        return spread(entries(), records(), outcomes);
      },
      { signal, size: sizeOf(entries), what: "Not every entry was memorized" },
    );
  }

  /**
   * Reads an entry by itself, its id or its nickname (`evolution: "latest"` finds the highest in the
   * pool), several of them in the order asked, or all leaves of a manifest.
   *
   * NOT_FOUND with the id and the pool, CORRUPT for a record that cannot be trusted,
   * UNSUPPORTED_VERSION, and what the pool says.
   */
  remember<T>(entry: Entry<T>, options?: RememberOptions): Future<Entry<T>>;
  remember(which: EntrySelector, options?: RememberOptions): Future<Entry>;
  remember(manifest: ManifestLike, options?: RememberOptions): GroupFuture<Entry[]>;
  remember<const S extends readonly EntrySelector[]>(
    which: S,
    options?: RememberOptions,
  ): GroupFuture<{ -readonly [K in keyof S]: Selected<S[K]> }>;
  remember<S extends EntrySelector>(
    which: Iterable<S>,
    options?: RememberOptions,
  ): GroupFuture<Selected<S>[]>;
  remember(what: unknown, given?: RememberOptions): Future<unknown> {
    const { options, refused } = received("remember", given, rememberNames);
    const { signal } = options;
    if (isManifestLike(what)) return rememberLeaves(this.#backstage(refused), what, options);
    const copyTo = options.keepCopy === true ? this.alphaPool : undefined;
    if (isSelector(what)) {
      return this.#single(what, { options, refused }, (pool, id, control) =>
        this.#io.read(pool, id, control, copyTo),
      );
    }
    const pool = this.#route(options, refused);
    const targets = attempt(() => targetsOf(what, this.#namespace));
    return this.#group(
      targets,
      { pool, signal },
      "Not every entry was remembered",
      (at, ids, control) => this.#io.readAll(at, ids, control, copyTo),
    );
  }

  /**
   * Deletes an entry, several, or a manifest with its leaves. Forgetting what is not there is no
   * error (but "latest" of nothing is NOT_FOUND). Resolves to the global id of what is gone.
   */
  forget(which: EntrySelector, options?: MemoryOptions): Future<GlobalId>;
  forget(manifest: ManifestLike, options?: ForgetManifestOptions): Future<GlobalId>;
  forget(which: Iterable<EntrySelector>, options?: MemoryOptions): GroupFuture<GlobalId[]>;
  forget(what: unknown, given?: ForgetManifestOptions): Future<unknown> {
    const { options, refused } = received("forget", given, forgetNames);
    const { signal } = options;
    if (isManifestLike(what)) return forgetManifest(this.#backstage(refused), what, options);
    if (isSelector(what)) {
      return this.#single(
        what,
        { options, refused },
        (pool, id, control) => this.#io.delete(pool, id, control)?.then(() => id) ?? id,
      );
    }
    const targets = attempt(() => targetsOf(what, this.#namespace));
    const pool = this.#route(options, refused);
    return this.#group(
      targets,
      { pool, signal },
      "Not every entry was forgotten",
      (at, ids, control) => this.#io.deleteAll(at, ids, control),
    );
  }

  /** @internal One future for work of several operations, on the pool that the options name. */
  begin<T>(
    { options, refused }: Received<MemoryOptions>,
    work: (stage: Stage) => Promise<T>,
    total?: number,
  ): Future<T> {
    const { io, runtime, route } = this.#backstage(refused);
    const pool = route(options);
    return runtime.start(async (control) => work({ io, pool: pool(), control }), {
      signal: options.signal,
      total,
    });
  }

  /** An operation on the one entry that a selector means. */
  #single<T>(
    selector: EntrySelector,
    { options, refused }: Received<MemoryOptions>,
    act: (pool: PoolLike, id: GlobalId, control: FutureControl) => Awaitable<T>,
  ): Future<T> {
    return this.#runtime.start((control) => {
      const target = targetOf(selector, this.#namespace);
      const pool = this.#routed(options, refused);
      const acting =
        target.id === undefined
          ? this.#io.latest(pool, target.latest, control).then((id) => act(pool, id, control))
          : act(pool, target.id, control);
      if (target.nickname === undefined) return acting;
      return Promise.resolve(acting).catch((error: unknown) => {
        throw explain(error, target);
      });
    }, options);
  }

  #group(
    targets: () => readonly Target[],
    { pool, signal }: { readonly pool: () => PoolLike; readonly signal: AbortSignal | undefined },
    failed: string,
    act: (pool: PoolLike, ids: readonly GlobalId[], control: FutureControl) => Promise<Outcome[]>,
  ): GroupFuture<unknown[]> {
    return this.#runtime.startGroup(
      async (control) => {
        const resolved = await this.#resolveAll(pool(), targets(), control);
        const ids = resolved.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
        const outcomes = (await act(pool(), ids, control)).values();
        return resolved.map((one, i) => {
          const outcome = one.status === "rejected" ? one : (outcomes.next().value as Outcome);
          if (outcome.status === "fulfilled") return outcome;
          return { status: "rejected", reason: explain(outcome.reason, targets()[i] as Target) };
        });
      },
      { signal, size: sizeOf(targets), what: failed },
    );
  }

  async #resolveAll(
    pool: PoolLike,
    targets: readonly Target[],
    control: FutureControl,
  ): Promise<Outcome<GlobalId>[]> {
    if (targets.every((target) => target.latest === undefined)) {
      return targets.map(({ id }) => ({ status: "fulfilled", value: id as GlobalId }));
    }
    // Finding an evolution is no step of its own in the group's progress.
    return this.#io.forEach(
      targets,
      withoutSteps(control),
      async ({ id, latest }) => id ?? this.#io.latest(pool, latest, control),
    );
  }

  #route(options: RouteOptions, refused: LailaError | undefined): () => PoolLike {
    return attempt(() => this.#routed(options, refused));
  }

  #routed({ pool, poolId, poolNickname }: RouteOptions, refused: LailaError | undefined): PoolLike {
    if (refused) throw refused;
    return this.poolRouter.reach({ pool, poolId, poolNickname });
  }

  #backstage(refused: LailaError | undefined): Backstage {
    return {
      io: this.#io,
      runtime: this.#runtime,
      namespace: this.#namespace,
      route: (options) => this.#route(options, refused),
    };
  }
}

function entriesOf(what: unknown): Entry[] {
  if (!isCollection(what)) throw rawValue(what, "What is memorized");
  const entries: Entry[] = [];
  for (const one of what) {
    if (!isEntry(one)) throw rawValue(one, `Number ${entries.length} of what is memorized`);
    entries.push(one);
  }
  return entries;
}

/** One record for each id. INVALID_ARGUMENT when two different entries have the same. */
function encodeAll(io: PoolIo, entries: readonly Entry[], pool: PoolLike): EncodedEntry[] {
  const seen = new Map<GlobalId, Entry>();
  for (const entry of entries) {
    const same = seen.get(entry.globalId);
    if (same && !Object.is(same.data, entry.data)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `Two of the entries have the id ${entry.globalId} and different data. Memorize one of them, or evolve it.`,
        { details: { id: entry.globalId } },
      );
    }
    seen.set(entry.globalId, entry);
  }
  return [...seen.values()].map((entry) => io.encode(entry, pool));
}

/** Outcomes of records, given to each entry they are for. */
function spread(
  entries: readonly Entry[],
  records: readonly EncodedEntry[],
  outcomes: readonly Outcome[],
): Outcome<Entry>[] {
  const byId = new Map(records.map(({ id }, i) => [id, outcomes[i] as Outcome]));
  return entries.map((value) => {
    const outcome = byId.get(value.globalId) as Outcome;
    return outcome.status === "fulfilled" ? { status: "fulfilled", value } : outcome;
  });
}

function rawValue(value: unknown, which: string): LailaError {
  const todo = isPromiseLike(value)
    ? "Await it first; values that are no entries are wrapped with constant() or variable()."
    : "Wrap values with constant(value, { nickname }) or variable(value, { nickname }) before you memorize them.";
  return new LailaError("INVALID_ARGUMENT", `${which} is no entry but ${kindOf(value)}. ${todo}`);
}

/** 0 when the argument turned out to be none: the future then fails with that. */
function sizeOf(items: () => readonly unknown[]): number {
  try {
    return items().length;
  } catch {
    return 0;
  }
}
