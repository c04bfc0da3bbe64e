export type { FilesystemPoolConfig } from "./config.js";
export { FilesystemPool } from "./filesystem-pool.js";
