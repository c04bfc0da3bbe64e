import type {
  DoctorReport,
  DryRun,
  Recovering,
  RecoveryPlan,
  SaveOptions,
  SaveResult,
} from "@laila/environment";
import type { Policy } from "@laila/policy";
import type { EnvironmentDocument } from "@laila/schema";
import { type Laila, laila } from "./laila.js";

export {
  type Approval,
  type Arg,
  type ArgSource,
  type Args,
  argEntries,
  type ConfigField,
  type ConfigOrigin,
  commands,
  type DoctorLive,
  type DoctorOptions,
  type DoctorReport,
  type DryRun,
  type ExplainedArg,
  type Finding,
  type FindingCode,
  fieldsOfClass,
  formatPlan,
  type Lock,
  newIdentity,
  type PlannedPool,
  type PlannedSecret,
  type RecoverDocument,
  type Recovering,
  type RecoverOptions,
  type RecoverSaved,
  type RecoveryPlan,
  type ResealOptions,
  resealEnvironment,
  type SaveOptions,
  type SaveResult,
  type SealOptions,
  type SecretCommand,
  type SecretResolver,
  sealEnvironment,
  type TrustRule,
  type Unlock,
  unsealEnvironment,
  variables,
} from "@laila/environment";
export {
  AsyncTaskForce,
  type Connection,
  type CopyOptions,
  copyPool,
  Future,
  type GcEvent,
  type GcOptions,
  type GcReport,
  GroupFuture,
  Guarantee,
  gc,
  type LeafProblem,
  type ManifestContents,
  type MemoryOptions,
  type MirrorOptions,
  type MoveOptions,
  mirror,
  movePool,
  operationChannel,
  Policy,
  type PolicyOptions,
  type PoolOperation,
  type RealizedLeaf,
  type RealizeEachOptions,
  type RepairEvent,
  type RepairManifestOptions,
  type RepairReport,
  repairManifest,
  type TaskForce,
  Transfer,
  type TransferEvent,
  type TransferReport,
  type VerifyEvent,
  type VerifyManifestOptions,
  type VerifyReport,
  verifyManifest,
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
export { type Creatable, createLaila, Laila, type LailaOptions, laila } from "./laila.js";
export { Manifest } from "./manifest.js";
export type { LailaArgs, Register } from "./register.js";
export * from "./saved.js";

/** Saves an environment as the next version under a name; see `saveEnvironment` of `@laila/environment`. */
export function saveEnvironment(
  environment: EnvironmentDocument,
  options: SaveOptions,
): Promise<SaveResult> {
  return laila.saveEnvironment(environment, options);
}

/** Rebuilds a policy; see `recoverPolicy` of `@laila/environment`. Home and project directory are those of `laila`. */
export function recoverPolicy(options: Recovering & DryRun): Promise<RecoveryPlan>;
export function recoverPolicy(
  options: Recovering & { readonly dryRun?: false | undefined },
): Promise<Policy>;
export function recoverPolicy(options: Recovering): Promise<Policy | RecoveryPlan> {
  return laila.recoverPolicy(options as Recovering & { readonly dryRun?: false });
}

/** Whether an environment would work here; see `doctor` of `@laila/environment`. Without a document, the active policy's. */
export function doctor(options?: Parameters<Laila["doctor"]>[0]): Promise<DoctorReport> {
  return laila.doctor(options);
}
