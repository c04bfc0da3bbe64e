export {
  type Arg,
  type ArgSource,
  type Args,
  argEntries,
  lookUpArg,
  makeArgs,
} from "./args/args.js";
export { type ReadArgsOptions, readArgs } from "./args/read-args.js";
export { type CaptureOptions, captureEnvironment } from "./capture/capture.js";
export * from "./compare/index.js";
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
  RecoverOptions,
  RecoverSaved,
  TrustRule,
} from "./recover/options.js";
export { planRecovery, recoverPolicy } from "./recover/recover.js";
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
