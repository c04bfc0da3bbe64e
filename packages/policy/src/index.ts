export {
  AsyncTaskForce,
  type AsyncTaskForceConfig,
  type TaskForce,
  type TaskForceConfig,
  type TaskForceOptions,
} from "./async-task-force.js";
export { CentralCommand } from "./central-command.js";
export { CentralCommunication, type Connection } from "./central-communication.js";
export { CentralMemory } from "./central-memory.js";
export { type DataOf, Future, type FutureStatus, type Progress } from "./future.js";
export { GroupFuture } from "./group-future.js";
export { Guarantee } from "./guarantee.js";
export {
  Manifest,
  ManifestBase,
  type ManifestContents,
  type ManifestLeaf,
  type ManifestOptions,
  type ManifestPath,
  type PolicySource,
  type RecallOptions,
  recallManifest,
} from "./manifest.js";
export type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
  RouteOptions,
} from "./options.js";
export { Policy, type PolicyOptions } from "./policy.js";
export { type ExtendOptions, PoolRouter } from "./pool-router.js";
export {
  type EntrySelector,
  isEntry,
  isManifestLike,
  type ManifestLike,
  type NicknameSelector,
  type Selected,
} from "./selectors.js";
