export {
  type ChangeKind,
  type ComponentChange,
  diffEnvironments,
  type EntryChange,
  type EnvironmentDiff,
  type FieldChange,
  type ValueChange,
} from "./diff.js";
export { type FormatDiffOptions, formatDiff } from "./format.js";
export type { HiddenOptions } from "./hidden.js";
export { environmentPatch, type PatchOperation } from "./patch.js";
