export { BackblazePool, type BackblazePoolConfig } from "./backblaze-pool.js";
export type { Cleaned, CleanupOptions } from "./cleanup.js";
export { CloudflarePool, type CloudflarePoolConfig } from "./cloudflare-pool.js";
export type { S3PoolConfig } from "./config.js";
export { S3Pool } from "./s3-pool.js";
