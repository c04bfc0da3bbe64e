export type { ChangeOptions } from "./change.js";
export {
  type EnvironmentHistory,
  environmentHistory,
  type HistoryOptions,
  latestVersion,
  type SavedOptions,
  versionAt,
} from "./history.js";
export { type LabelOptions, type LabelResult, labelEnvironment } from "./label.js";
export { type ListOptions, listEnvironments, type SavedEnvironment } from "./list.js";
export { type LoadedEnvironment, type LoadOptions, loadEnvironment } from "./load.js";
export {
  type PruneOptions,
  type PruneResult,
  pruneEnvironment,
  type WaitingVersion,
} from "./prune.js";
export { type RollbackOptions, type RollbackResult, rollbackEnvironment } from "./rollback.js";
export { type SaveOptions, type SaveResult, saveEnvironment, type VersionOptions } from "./save.js";
export type { VersionInfo, VersionSelector } from "./version.js";
