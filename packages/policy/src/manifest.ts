import type { Blueprint, Entry, GlobalId } from "@laila/schema";
import type { Future } from "./future.js";
import type { GroupFuture } from "./group-future.js";
import type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
} from "./options.js";
import type { Policy } from "./policy.js";
import type { ManifestLike } from "./selectors.js";

/** A policy, or what gives the one to use at the time of each call (as `laila` does). */
export type PolicySource = Policy | (() => Policy);
export type ManifestPath = string | readonly (string | number)[];
export type ManifestLeaf = Entry | GlobalId | readonly (Entry | GlobalId)[];
export interface ManifestContents {
  readonly [name: string]: ManifestLeaf | ManifestContents | ManifestLike;
}
export interface ManifestOptions {
  readonly nickname?: string | undefined;
  readonly namespace?: string | undefined;
  readonly globalId?: GlobalId | undefined;
}
export interface RecallOptions extends MemoryOptions {
  readonly schema?: unknown;
  readonly namespace?: string | undefined;
}

/** Everything a manifest does; extend this one (it has no static side) to bind your own. */
export declare class ManifestBase<C extends object = ManifestContents> implements ManifestLike {
  constructor(source: PolicySource, contents?: C, options?: ManifestOptions);
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly blueprint: Blueprint;
  readonly entries: ReadonlyMap<GlobalId, Entry>;
  get size(): number;
  [Symbol.iterator](): Iterator<GlobalId>;
  get(path: ManifestPath): GlobalId | readonly GlobalId[] | Blueprint | undefined;
  has(path: ManifestPath): boolean;
  keys(): string[];
  sub(path: ManifestPath, options?: ManifestOptions): ManifestBase;
  merge(other: ManifestLike, options?: ManifestOptions): ManifestBase;
  memorize(options?: MemorizeManifestOptions): Future<Entry<Blueprint>>;
  remember(options?: RememberOptions): GroupFuture<Entry[]>;
  realize(options?: RememberOptions): Future<Record<string, unknown>>;
  realizeData(options?: RememberOptions): Future<unknown>;
  forget(options?: ForgetManifestOptions): Future<GlobalId>;
  toEntry(): Entry<Blueprint>;
}

export declare class Manifest<C extends object = ManifestContents> extends ManifestBase<C> {
  static recall(source: PolicySource, nickname: string, options?: RecallOptions): Future<Manifest>;
}
/** `Manifest.recall`, for those that bind their own class. */
export declare function recallManifest(
  source: PolicySource,
  nickname: string,
  options?: RecallOptions,
): Future<ManifestBase>;
