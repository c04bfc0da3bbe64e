import type { PoolLike } from "@laila/pool";
import { LailaError } from "@laila/schema";

/** INVALID_ARGUMENT for what is no pool: a name of one, none at all. */
export function checkPool(pool: PoolLike | undefined, call: string): void {
  if (typeof pool === "object" && typeof pool?.read === "function" && pool.supports) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${call} needs a pool to look in, as an object: { name, pool: new S3Pool({ … }) }. One that a policy has by a name is policy.central.memory.poolRouter.route({ poolNickname }).`,
  );
}
