export { MemoryPool } from "@laila/pool";
export { constant, Entry, isLailaError, LailaError, variable } from "@laila/schema";
export {
  AsyncTaskForce,
  type AsyncTaskForceConfig,
  type SubmitOptions,
  type TaskForce,
  type TaskForceConfig,
  type TaskForceOptions,
} from "./async-task-force.js";
export type { Bank } from "./bank.js";
export type { ManifestContents, ManifestLeaf, ManifestPath } from "./blueprint-paths.js";
export { CentralCommand } from "./central-command.js";
export { CentralCommunication, type Connection } from "./central-communication.js";
export { CentralMemory } from "./central-memory.js";
export { type DataOf, Future, type FutureStatus, type Progress } from "./future.js";
export { GroupFuture, type Outcome } from "./group-future.js";
export { Guarantee, type GuaranteeOptions } from "./guarantee.js";
export {
  type AnyTree,
  Manifest,
  ManifestBase,
  type ManifestOptions,
  type PolicySource,
  type Realized,
  type RealizedData,
  type RecallOptions,
  recallManifest,
} from "./manifest.js";
export { operationChannel, type PoolOperation } from "./operations.js";
export type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
  RouteOptions,
} from "./options.js";
export { type CentralIds, Policy, type PolicyOptions } from "./policy.js";
export { type FailedCopy, failedCopyChannel } from "./pool-io.js";
export { type ExtendOptions, PoolRouter } from "./pool-router.js";
export type { RealizedLeaf, RealizeEachOptions } from "./realize-each.js";
export { type UnobservedFailure, unobservedFailureChannel } from "./runtime.js";
export {
  type EntrySelector,
  isEntry,
  isManifestLike,
  type ManifestLike,
  type NicknameSelector,
  type Selected,
} from "./selectors.js";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.js";
export {
  type CopyOptions,
  copyPool,
  type MirrorOptions,
  type MoveOptions,
  mirror,
  movePool,
  type OnConflict,
  Transfer,
  type TransferEvent,
  type TransferFailure,
  type TransferOptions,
  type TransferOutcome,
  type TransferReport,
  type Verify,
} from "./transfer/index.js";
export {
  type GcEvent,
  type GcOptions,
  type GcOutcome,
  type GcReport,
  GcTask,
  gc,
  type LeafEvent,
  type LeafProblem,
  type LeafReport,
  type RepairEvent,
  type RepairManifestOptions,
  type RepairOutcome,
  type RepairReport,
  RepairTask,
  repairManifest,
  type Unreached,
  type VerifyEvent,
  type VerifyManifestOptions,
  type VerifyOutcome,
  type VerifyReport,
  VerifyTask,
  verifyManifest,
  type WhichManifest,
} from "./upkeep/index.js";
