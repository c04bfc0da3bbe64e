import type { PoolLike } from "@laila/pool";
import { type GlobalId, LailaError } from "@laila/schema";
import { checkOptions, routeNames } from "./call-options.js";
import type { RouteOptions } from "./options.js";

export interface ExtendOptions {
  /** The name the pool is known by here; its own nickname unless given. */
  readonly poolNickname?: string | undefined;
  /** Kept and captured; routing does not look at it yet. 0 unless given. */
  readonly affinity?: number | undefined;
  /** Takes a name (or an id) from the pool that has it now. */
  readonly replace?: boolean | undefined;
  /** Makes it the pool that everything without an address goes to. */
  readonly alpha?: boolean | undefined;
}

const extendNames: readonly (keyof ExtendOptions)[] = [
  "poolNickname",
  "affinity",
  "replace",
  "alpha",
];

/** Which pools there are, by what names, and which of them a call means. */
export class PoolRouter {
  readonly globalId: GlobalId;
  readonly #pools = new Map<GlobalId, PoolLike>();
  readonly #nicknames = new Map<string, GlobalId>();
  readonly #affinities = new Map<GlobalId, number>();
  readonly #retired = new Set<PoolLike>();
  #alpha: PoolLike;

  constructor(globalId: GlobalId, alpha: PoolLike) {
    this.globalId = globalId;
    this.#alpha = alpha;
    this.extend(alpha, { alpha: true });
  }

  get alphaPool(): PoolLike {
    return this.#alpha;
  }

  get pools(): ReadonlyMap<GlobalId, PoolLike> {
    return this.#pools;
  }

  get nicknames(): ReadonlyMap<string, GlobalId> {
    return this.#nicknames;
  }

  get affinities(): ReadonlyMap<GlobalId, number> {
    return this.#affinities;
  }

  /** Cache -> origin, for every registered cache. INVALID_ARGUMENT when an origin is not registered. */
  get proxies(): ReadonlyMap<GlobalId, GlobalId> {
    const proxies = new Map<GlobalId, GlobalId>();
    for (const [id, pool] of this.#pools) {
      if (pool.proxy) {
        this.#checkOrigin(pool);
        proxies.set(id, pool.proxy.globalId);
      }
    }
    return proxies;
  }

  /** Pools that were replaced: no call reaches them any more, but they are closed with the rest. */
  get retired(): ReadonlySet<PoolLike> {
    return this.#retired;
  }

  /**
   * Registers a pool. The same pool again is fine: another name, another affinity.
   * CONFLICT when the name or the id belongs to another pool (unless `replace`); INVALID_ARGUMENT for
   * a malformed name or affinity, or an evicting pool as the alpha pool.
   */
  extend(pool: PoolLike, given?: ExtendOptions): void {
    const options = checkOptions("extend", given, extendNames);
    const { affinity, replace = false, alpha = false } = options;
    const nickname = options.poolNickname ?? pool?.nickname;
    checkArguments(pool, nickname, affinity, alpha);
    const sameId = this.#pools.get(pool.globalId);
    const named = nickname === undefined ? undefined : this.#named(nickname);
    if (!replace) {
      if (sameId && sameId !== pool) throw taken(`the id ${pool.globalId}`, sameId, nickname);
      if (named && named !== pool)
        throw taken(`the name ${JSON.stringify(nickname)}`, named, nickname);
    }
    if (sameId && sameId !== pool) {
      this.#retired.add(sameId);
      if (sameId === this.#alpha) this.#alpha = pool;
    }
    this.#retired.delete(pool);
    this.#pools.set(pool.globalId, pool);
    if (nickname !== undefined) this.#nicknames.set(nickname, pool.globalId);
    if (affinity !== undefined || !this.#affinities.has(pool.globalId)) {
      this.#affinities.set(pool.globalId, affinity ?? 0);
    }
    if (alpha) this.#alpha = pool;
    if (named && named.globalId !== pool.globalId) this.#retireIfNameless(named);
  }

  /** Takes a pool out without closing it. INVALID_ARGUMENT for the alpha pool, NOT_FOUND when it is not in. */
  detach(which: PoolLike | RouteOptions): PoolLike {
    const isPool = typeof which === "object" && which !== null && "globalId" in which;
    const pool = this.reach(
      isPool ? { poolId: which.globalId } : checkOptions("detach", which, routeNames),
    );
    if (pool === this.#alpha) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${shown(pool)} is the alpha pool and cannot be taken out. Make another one the alpha pool first: extend(other, { alpha: true }).`,
      );
    }
    this.#remove(pool);
    return pool;
  }

  /**
   * The pool a call means: by itself or by id, else by name, else the alpha pool. NOT_FOUND with the
   * names there are; INVALID_ARGUMENT when it is a cache whose origin is not registered here.
   */
  route(given?: RouteOptions): PoolLike {
    return this.reach(checkOptions("route", given, routeNames));
  }

  /** @internal The same for options whose names have been checked. */
  reach({ pool, poolId, poolNickname }: RouteOptions): PoolLike {
    if (pool !== undefined) {
      checkPool(pool);
      if (poolId !== undefined && poolId !== pool.globalId) {
        throw new LailaError(
          "INVALID_ARGUMENT",
          `The call names two pools: ${pool.globalId} and ${poolId}. Name one.`,
        );
      }
      return pool;
    }
    const found = this.#find(poolId, poolNickname);
    if (found.proxy) this.#checkOrigin(found);
    return found;
  }

  #find(poolId: GlobalId | undefined, poolNickname: string | undefined): PoolLike {
    if (poolId === undefined && poolNickname === undefined) return this.#alpha;
    const found = poolId === undefined ? this.#named(poolNickname ?? "") : this.#pools.get(poolId);
    if (found) return found;
    const names = [...this.#nicknames.keys()];
    const wanted =
      poolId === undefined ? `named ${JSON.stringify(poolNickname)}` : `with the id ${poolId}`;
    const known =
      names.length === 0
        ? "No pool has a name here"
        : `The names here are ${names.map((name) => JSON.stringify(name)).join(", ")}`;
    throw new LailaError(
      "NOT_FOUND",
      `There is no pool ${wanted}. ${known}. Register one with memory.extend(pool, { poolNickname }).`,
      {
        details: { poolId, poolNickname, names },
      },
    );
  }

  #named(nickname: string): PoolLike | undefined {
    const id = this.#nicknames.get(nickname);
    return id === undefined ? undefined : this.#pools.get(id);
  }

  #checkOrigin(cache: PoolLike): void {
    for (let pool = cache; pool.proxy; pool = pool.proxy) {
      if (!this.#pools.has(pool.proxy.globalId)) {
        throw new LailaError(
          "INVALID_ARGUMENT",
          `${shown(pool)} is a cache in front of ${shown(pool.proxy)}, which is not registered here. Register the origin too: memory.extend(origin).`,
          { details: { cache: pool.globalId, origin: pool.proxy.globalId } },
        );
      }
    }
  }

  #retireIfNameless(pool: PoolLike): void {
    if (pool === this.#alpha || [...this.#nicknames.values()].includes(pool.globalId)) return;
    this.#remove(pool);
    this.#retired.add(pool);
  }

  #remove(pool: PoolLike): void {
    this.#pools.delete(pool.globalId);
    this.#affinities.delete(pool.globalId);
    for (const [name, id] of this.#nicknames)
      if (id === pool.globalId) this.#nicknames.delete(name);
  }
}

function checkPool(pool: unknown): asserts pool is PoolLike {
  if (
    typeof pool === "object" &&
    pool !== null &&
    "globalId" in pool &&
    "read" in pool &&
    "write" in pool
  ) {
    return;
  }
  throw new LailaError(
    "INVALID_ARGUMENT",
    "`pool` must be a pool object. To go by a name or an id, pass { poolNickname } or { poolId }.",
  );
}

function checkArguments(
  pool: PoolLike,
  nickname: unknown,
  affinity: unknown,
  alpha: boolean,
): void {
  checkPool(pool);
  if (
    nickname !== undefined &&
    (typeof nickname !== "string" || nickname === "" || /\p{Surrogate}/u.test(nickname))
  ) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "A pool's name must be well-formed text that is not empty.",
    );
  }
  if (nickname === "__proto__" || nickname === "constructor") {
    // No document has such a member: the environment could neither be captured nor saved.
    throw new LailaError("INVALID_ARGUMENT", `A pool cannot be named ${nickname}. Take another.`);
  }
  if (affinity !== undefined && !Number.isFinite(affinity)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `${shown(pool)}: the affinity must be a finite number.`,
    );
  }
  if (alpha && pool.supports.evicts) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `${shown(pool)} evicts values when it is full, so it cannot be the alpha pool: what is memorized there could vanish. Use it as a cache in front of another pool.`,
    );
  }
}

function taken(what: string, by: PoolLike, nickname: string | undefined): LailaError {
  return new LailaError(
    "CONFLICT",
    `${shown(by)} already has ${what}. Choose another poolNickname, or pass { replace: true } to take it over.`,
    {
      details: { nickname, poolId: by.globalId },
    },
  );
}

function shown(pool: PoolLike): string {
  return pool.nickname === undefined
    ? `The pool ${pool.globalId}`
    : `The pool ${JSON.stringify(pool.nickname)}`;
}
