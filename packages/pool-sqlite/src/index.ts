export type { SQLitePoolConfig } from "./config.js";
export { SQLitePool } from "./sqlite-pool.js";
