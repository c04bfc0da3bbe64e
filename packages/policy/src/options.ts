import type { PoolLike } from "@laila/pool";
import type { GlobalId } from "@laila/schema";

/** Where to: `pool` or `poolId` before `poolNickname` before the alpha pool. */
export interface RouteOptions {
  /** A pool itself; it need not be registered. */
  readonly pool?: PoolLike | undefined;
  readonly poolId?: GlobalId | undefined;
  readonly poolNickname?: string | undefined;
}

export interface MemoryOptions extends RouteOptions {
  /** Aborts the operation: ABORTED, or TIMEOUT for a signal of `AbortSignal.timeout`. */
  readonly signal?: AbortSignal | undefined;
}

export interface RememberOptions extends MemoryOptions {
  /**
   * Also keeps a copy in the alpha pool, unless it has a value there. No unless said. A copy that fails
   * is told on the diagnostics channel `laila:failed-copy`; the read does not fail with it.
   */
  readonly keepCopy?: boolean | undefined;
}

export interface MemorizeManifestOptions extends MemoryOptions {
  /**
   * Whether leaves that were given as ids only are looked for in the pool before anything is written:
   * one `exists` each. Yes unless said; say no when those leaves lie in another pool.
   */
  readonly verify?: boolean | undefined;
}

export interface ForgetManifestOptions extends MemoryOptions {
  /** False: only the manifest's own record goes, its leaves stay. */
  readonly leaves?: boolean | undefined;
}
