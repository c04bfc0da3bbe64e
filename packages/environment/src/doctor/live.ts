import type { PoolLike } from "@laila/pool";
import { captureEnvironment } from "../capture/capture.js";
import { SecretNames } from "../capture/secret-names.js";
import type { RecoverOptions } from "../recover/options.js";
import { originOf } from "../recover/trust.js";
import { checkClocks } from "./clocks.js";
import type { Checked, DoctorContext, DoctorLive } from "./doctor.js";
import { type About, type Finding, findingsOf } from "./finding.js";
import { poolFix } from "./fixes.js";
import { checkPlaces } from "./place.js";
import { probePool } from "./probe.js";

/** Tests a policy as it is: whether it can be captured, and every pool of it. Nothing is closed. */
export async function checkLive(
  { policy, args, home, directory, signal }: RecoverOptions & DoctorLive,
  context: DoctorContext,
): Promise<Checked> {
  const findings: Finding[] = [];
  try {
    captureEnvironment(policy, { args, home, directory });
  } catch (error) {
    findings.push(...findingsOf(error, {}, () => null));
  }
  const { pools, nicknames } = policy.central.memory.poolRouter;
  const names = new Map([...nicknames].map(([name, id]) => [id, name]));
  const about = (pool: PoolLike): About => ({
    pool: pool.globalId,
    poolName: pool.nickname ?? names.get(pool.globalId),
  });
  const each = await Promise.all(
    [...pools.values()].map(async (pool) => {
      const places = await checkPlaces(pool, about(pool), context);
      const probed = await probePool(pool, {
        about: about(pool),
        fixOf: (error) => poolFix(error, undefined, context.manager),
        signal: limited(signal, context),
        write: context.probe,
      });
      return { findings: [...places.findings, ...probed.findings], isOpen: probed.isOpen };
    }),
  );
  const origins = new Set([...pools.values()].flatMap((pool) => destinationsOf(pool)));
  findings.push(...each.flatMap((one) => one.findings), ...(await checkClocks(origins, signal)));
  return { findings, pools: pools.size, opened: each.filter(({ isOpen }) => isOpen).length };
}

function destinationsOf(pool: PoolLike): string[] {
  const destination = originOf(pool, new SecretNames({}, undefined))?.destination;
  return typeof destination === "string" ? [destination] : [];
}

/** The caller's signal, and the time one pool may take. */
export function limited(
  signal: AbortSignal | undefined,
  { timeoutMs }: DoctorContext,
): AbortSignal {
  const limit = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}
