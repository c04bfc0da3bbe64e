import type {
  RecoverDocument,
  RecoverOptions,
  RecoverSaved,
  SaveOptions,
  SaveResult,
} from "@laila/environment";
import type { Policy } from "@laila/policy";
import type { EnvironmentDocument } from "@laila/schema";
import { laila } from "./laila.js";

export {
  type Arg,
  type ArgSource,
  type Args,
  argEntries,
  type RecoverDocument,
  type RecoverOptions,
  type RecoverSaved,
  type SaveOptions,
  type SaveResult,
  type TrustRule,
} from "@laila/environment";
export {
  AsyncTaskForce,
  type Connection,
  type CopyOptions,
  copyPool,
  Future,
  GroupFuture,
  Guarantee,
  type ManifestContents,
  type MemoryOptions,
  type MirrorOptions,
  type MoveOptions,
  mirror,
  movePool,
  Policy,
  type PolicyOptions,
  type TaskForce,
  Transfer,
  type TransferEvent,
  type TransferReport,
} from "@laila/policy";
export { MemoryPool, type MemoryPoolConfig, type PoolClass, type PoolLike } from "@laila/pool";
export {
  type Blueprint,
  ClassRegistry,
  constant,
  Entry,
  type EnvironmentDocument,
  type ErrorCode,
  type GlobalId,
  globalIdOf,
  isLailaError,
  LailaError,
  NdArray,
  namespaceFor,
  Secret,
  variable,
} from "@laila/schema";
export { createLaila, Laila, type LailaOptions, laila } from "./laila.js";
export { Manifest } from "./manifest.js";
export type { LailaArgs, Register } from "./register.js";

/** Saves an environment as the next version under a name; see `saveEnvironment` of `@laila/environment`. */
export function saveEnvironment(
  environment: EnvironmentDocument,
  options: SaveOptions,
): Promise<SaveResult> {
  return laila.saveEnvironment(environment, options);
}

/** Rebuilds a policy; see `recoverPolicy` of `@laila/environment`. Home and project directory are those of `laila`. */
export function recoverPolicy(
  options: RecoverOptions & (RecoverDocument | RecoverSaved),
): Promise<Policy> {
  return laila.recoverPolicy(options);
}
