export { copyPool } from "./copy-pool.js";
export { mirror } from "./mirror.js";
export { movePool } from "./move-pool.js";
export type {
  CopyOptions,
  MirrorOptions,
  MoveOptions,
  OnConflict,
  TransferOptions,
  Verify,
} from "./options.js";
export type {
  TransferEvent,
  TransferFailure,
  TransferOutcome,
  TransferReport,
} from "./report.js";
export { Transfer } from "./transfer.js";
