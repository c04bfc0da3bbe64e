import * as saved from "@laila/environment";
import { laila } from "./laila.js";

export {
  type ChangeKind,
  type ComponentChange,
  diffEnvironments,
  type EntryChange,
  type EnvironmentDiff,
  type EnvironmentHistory,
  environmentPatch,
  type FieldChange,
  type FormatDiffOptions,
  formatDiff,
  type HistoryOptions,
  type LabelOptions,
  type LabelResult,
  type ListOptions,
  type LoadedEnvironment,
  type LoadOptions,
  listEnvironments,
  type PatchOperation,
  type PruneOptions,
  type PruneResult,
  type RollbackOptions,
  type RollbackResult,
  type SavedEnvironment,
  type SavedOptions,
  type VersionInfo,
  type VersionSelector,
} from "@laila/environment";

/** The name is one of the namespace of `laila`, unless the caller says of which. */
function named<O extends { readonly namespace?: string | undefined }>(options: O): O {
  const given: unknown = options;
  // What is no object is passed on as it is, to be refused.
  if (typeof given !== "object" || given === null || Array.isArray(given)) return options;
  return options.namespace === undefined ? { ...options, namespace: laila.namespace } : options;
}

/** Reads a saved environment, the current version or another; see `loadEnvironment` of `@laila/environment`. */
export function loadEnvironment(options: saved.LoadOptions): Promise<saved.LoadedEnvironment> {
  return saved.loadEnvironment(named(options));
}

/** What was saved under a name, newest first; see `environmentHistory` of `@laila/environment`. */
export function environmentHistory(
  options: saved.HistoryOptions,
): Promise<saved.EnvironmentHistory> {
  return saved.environmentHistory(named(options));
}

/** The current version, without its document; see `latestVersion` of `@laila/environment`. */
export function latestVersion(options: saved.SavedOptions): Promise<saved.VersionInfo> {
  return saved.latestVersion(named(options));
}

/** The version with a number, a label, or of a time; see `versionAt` of `@laila/environment`. */
export function versionAt(
  options: saved.SavedOptions & saved.VersionSelector,
): Promise<saved.VersionInfo> {
  return saved.versionAt(named(options));
}

/** Saves an older version's document as a new version; see `rollbackEnvironment` of `@laila/environment`. */
export function rollbackEnvironment(options: saved.RollbackOptions): Promise<saved.RollbackResult> {
  return saved.rollbackEnvironment(named(options));
}

/** Puts, moves and takes away labels together; see `labelEnvironment` of `@laila/environment`. */
export function labelEnvironment(options: saved.LabelOptions): Promise<saved.LabelResult> {
  return saved.labelEnvironment(named(options));
}

/** Prunes versions in two steps; see `pruneEnvironment` of `@laila/environment`. */
export function pruneEnvironment(options: saved.PruneOptions): Promise<saved.PruneResult> {
  return saved.pruneEnvironment(named(options));
}
