import type { PoolLike } from "@laila/pool";
import type { FutureControl } from "./future.js";
import type { RouteOptions } from "./options.js";
import type { PoolIo } from "./pool-io.js";
import type { Runtime } from "./runtime.js";

/** What composed operations (manifests) are started with. */
export interface Backstage {
  readonly io: PoolIo;
  readonly runtime: Runtime;
  readonly namespace: string;
  /** Routes at once; what was wrong is thrown when the pool is asked for. */
  route(options: RouteOptions): () => PoolLike;
}

/** What the work of a composed operation is given. */
export interface Stage {
  readonly io: PoolIo;
  readonly pool: PoolLike;
  readonly control: FutureControl;
}

/** Does it now, and gives or throws the result when asked: a failure becomes the future's. */
export function attempt<T>(act: () => T): () => T {
  try {
    const value = act();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
