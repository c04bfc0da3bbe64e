export type { S3PoolConfig } from "./config.js";
export { S3Pool } from "./s3-pool.js";
