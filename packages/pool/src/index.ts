export {
  abortError,
  exempt,
  isLailaError,
  LailaError,
  NdArray,
  path,
  Secret,
  secret,
} from "@laila/schema";
export { mapLimit } from "./concurrency.js";
export type {
  Awaitable,
  ByteSource,
  CallOptions,
  KeysOptions,
  LayerConfig,
  LazyValue,
  ManyResult,
  PoolClass,
  PoolConfig,
  PoolLike,
  PoolOptions,
  ReadManyResult,
  ReadOptions,
  ReadResult,
  ReadStreamResult,
  Supports,
  Version,
  WriteCondition,
  WriteManyItem,
  WriteOptions,
  WriteStreamOptions,
} from "./contract.js";
export { innermost } from "./innermost.js";
export { checkKey, utf8Length } from "./key.js";
export { type Cancellation, LazyCallOptions } from "./lazy-signal.js";
export { MemoryPool, type MemoryPoolConfig } from "./memory-pool.js";
export { Pool } from "./pool.js";
export { Slots } from "./slots.js";
export { type FailedFill, failedFillChannel, tiers } from "./tiers.js";
