export type { OpenDALPoolConfig } from "./config.js";
export { OpenDALPool } from "./opendal-pool.js";
