export {
  type GcEvent,
  type GcOptions,
  type GcOutcome,
  type GcReport,
  GcTask,
  gc,
  type Unreached,
} from "./gc.js";
export type { LeafEvent, LeafProblem, LeafReport } from "./leaf-report.js";
export {
  type RepairEvent,
  type RepairManifestOptions,
  type RepairOutcome,
  type RepairReport,
  RepairTask,
  repairManifest,
} from "./repair.js";
export {
  type VerifyEvent,
  type VerifyManifestOptions,
  type VerifyOutcome,
  type VerifyReport,
  VerifyTask,
  verifyManifest,
} from "./verify.js";
export type { WhichManifest } from "./which.js";
