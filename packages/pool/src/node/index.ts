export { type FileCalls, type FileHelpers, fileHelpers } from "./file-helpers.js";
export { type PoolPathParts, poolPath } from "./pool-path.js";
export { systemCode, systemErrorCode } from "./system-errors.js";
