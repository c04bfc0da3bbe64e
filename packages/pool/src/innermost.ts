import type { PoolLike } from "./contract.js";

/** The pool inside all layers: the pool itself when there are none. */
export function innermost(pool: PoolLike): PoolLike {
  let found = pool;
  while (found.inner) found = found.inner;
  return found;
}
