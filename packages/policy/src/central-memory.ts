import type { PoolLike } from "@laila/pool";
import type { Blueprint, Entry, GlobalId } from "@laila/schema";
import type { Future } from "./future.js";
import type { GroupFuture } from "./group-future.js";
import type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
  RouteOptions,
} from "./options.js";
import type { ExtendOptions, PoolRouter } from "./pool-router.js";
import type { EntrySelector, ManifestLike, NicknameSelector, Selected } from "./selectors.js";

export declare class CentralMemory {
  readonly globalId: GlobalId;
  readonly poolRouter: PoolRouter;
  get alphaPool(): PoolLike;
  extend(pool: PoolLike, options?: ExtendOptions): void;
  detach(which: PoolLike | RouteOptions): PoolLike;
  memorize<T>(entry: Entry<T>, options?: MemoryOptions): Future<Entry<T>>;
  memorize(manifest: ManifestLike, options?: MemorizeManifestOptions): Future<Entry<Blueprint>>;
  memorize<const E extends readonly Entry[]>(
    entries: E,
    options?: MemoryOptions,
  ): GroupFuture<{ -readonly [K in keyof E]: E[K] }>;
  memorize<T>(entries: Iterable<Entry<T>>, options?: MemoryOptions): GroupFuture<Entry<T>[]>;
  remember<T>(entry: Entry<T>, options?: RememberOptions): Future<Entry<T>>;
  remember(which: GlobalId | NicknameSelector, options?: RememberOptions): Future<Entry>;
  remember(manifest: ManifestLike, options?: RememberOptions): GroupFuture<Entry[]>;
  remember<const S extends readonly EntrySelector[]>(
    which: S,
    options?: RememberOptions,
  ): GroupFuture<{ -readonly [K in keyof S]: Selected<S[K]> }>;
  remember<S extends EntrySelector>(
    which: Iterable<S>,
    options?: RememberOptions,
  ): GroupFuture<Selected<S>[]>;
  forget(which: EntrySelector, options?: MemoryOptions): Future<GlobalId>;
  forget(manifest: ManifestLike, options?: ForgetManifestOptions): Future<GlobalId>;
  forget(which: Iterable<EntrySelector>, options?: MemoryOptions): GroupFuture<GlobalId[]>;
}
