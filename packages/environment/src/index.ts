export {
  type Arg,
  type ArgSource,
  type Args,
  argEntries,
  lookUpArg,
  makeArgs,
} from "./args/args.js";
export { type ExplainedArg, type ExplainOptions, explainArgs } from "./args/explain.js";
export { type ReadArgsOptions, readArgs } from "./args/read-args.js";
export { readVariables } from "./args/variables.js";
export { type CaptureOptions, captureEnvironment } from "./capture/capture.js";
export * from "./compare/index.js";
export { configJsonSchema, configTables } from "./config/describe.js";
export {
  type ConfigClass,
  type ConfigField,
  fieldsOfClass,
  variableOf,
} from "./config/fields.js";
export {
  type ConfigOrigin,
  type ConfigTier,
  type ResolvedConfig,
  resolveConfig,
  type TierOptions,
  withOrigins,
} from "./config/tiers.js";
export {
  type DoctorLive,
  type DoctorOptions,
  type DoctorReport,
  doctor,
} from "./doctor/doctor.js";
export type { Finding, FindingCode } from "./doctor/finding.js";
export type { Machine, PackageManager } from "./doctor/machine.js";
export type { Change } from "./recover/accepted.js";
export {
  formatPlan,
  type PlannedPool,
  type PlannedSecret,
  type PlanProblem,
  type RecoveryPlan,
} from "./recover/dry-run.js";
export type {
  Approval,
  DryRun,
  RecoverDocument,
  Recovering,
  RecoverOptions,
  RecoverSaved,
  TrustRule,
} from "./recover/options.js";
export { noteSaved, planRecovery, recoverPolicy } from "./recover/recover.js";
export * from "./saved/index.js";
export { type Lock, newIdentity, type Unlock } from "./sealed/age.js";
export {
  type ResealOptions,
  resealEnvironment,
  type SealOptions,
  sealEnvironment,
  unsealEnvironment,
} from "./sealed/seal.js";
export type { CommandOptions } from "./secrets/command.js";
export {
  commands,
  type SecretCommand,
  type SecretResolver,
  variables,
} from "./secrets/resolvers.js";
