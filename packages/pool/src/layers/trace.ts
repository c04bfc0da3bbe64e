import type { GlobalId } from "@laila/schema";
import type { Call } from "./layer.js";

/** The name of the tracing channel: `diagnostics_channel.tracingChannel("laila:pool")`. */
export const poolTracingChannel = "laila:pool";

/** What every event of {@link poolTracingChannel} tells of its call. No values, and nothing of the configuration. */
export interface PoolTrace extends Call {
  readonly poolId: GlobalId;
  readonly nickname: string | undefined;
  /** How it ended, once it has. */
  readonly result?: PoolTraceResult | undefined;
  /** What it failed with. */
  readonly error?: unknown;
}

export interface PoolTraceResult {
  /** Of `read` and `exists`. */
  readonly found?: boolean;
  /** The length of the value read. */
  readonly bytes?: number;
  /** Of a listing or a `…Many` call: how many items were given. */
  readonly items?: number;
  /** How many of those items had an error. */
  readonly errors?: number;
}
