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
export type {
  RecoverDocument,
  RecoverOptions,
  RecoverSaved,
  TrustRule,
} from "./recover/options.js";
export { recoverPolicy } from "./recover/recover.js";
export { type LoadedEnvironment, type LoadOptions, loadEnvironment } from "./saved/load.js";
export { type SaveOptions, type SaveResult, saveEnvironment } from "./saved/save.js";
