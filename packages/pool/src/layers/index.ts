export type { LayerDeclaration, Operation } from "./layer.js";
export { type RetryOptions, withRetry } from "./retry.js";
export { type ThrottleOptions, withThrottle } from "./throttle.js";
export {
  type LateOutcome,
  lateOutcomeChannel,
  type TimeoutOptions,
  withTimeout,
} from "./timeout.js";
export { type PoolTrace, type PoolTraceResult, poolTracingChannel } from "./trace.js";
export { withTracing } from "./tracing.js";
export type { BrotliOptions, GzipOptions } from "./transforms/compression.js";
export type { EncryptOptions } from "./transforms/encrypt.js";
export { type TransformOptions, withTransforms } from "./transforms/transforms.js";
export { layerDeclarations, withLayers } from "./with-layers.js";
