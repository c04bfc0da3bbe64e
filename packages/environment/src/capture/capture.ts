import type { Policy } from "@laila/policy";
import { type EnvironmentDocument, parseEnvironmentDocument } from "@laila/schema";
import { type CapturedConfig, captureConfig, capturePool } from "./capture-pool.js";
import type { Places } from "./paths.js";
import { refuseSecrets } from "./scan.js";
import { SecretNames } from "./secret-names.js";

export interface CaptureOptions extends Places {
  /** Where secrets may have come from: what `readArgs` gave, or a plain object. */
  readonly args?: object | undefined;
}

/**
 * The set-up of a policy as a document, derived now: plain JSON, the same for the same policy, with only
 * what a recovery needs. Fields that exist at run time only are not in it; secrets are, by name.
 *
 * INVALID_DOCUMENT with the path when a known secret (of a pool, or an argument that is called a secret, key,
 * token, password or credential; of 8 characters or more, URL-encoded too), a URL
 * with user info or a signed one would be in it, or something that is no JSON; INVALID_ARGUMENT when the
 * origin of a proxy is not registered with the policy.
 */
export function captureEnvironment(
  policy: Policy,
  { args, home, directory }: CaptureOptions = {},
): EnvironmentDocument {
  const { memory, command, communication } = policy.central;
  const { pools, nicknames, affinities, proxies } = memory.poolRouter;
  const names = new SecretNames(args, (message) => warnOnce(policy, message));
  const document = {
    laila_environment: 1,
    policy: {
      global_id: policy.globalId,
      ...(policy.nickname === undefined ? {} : { nickname: policy.nickname }),
      central: {
        memory: {
          alpha_pool: memory.alphaPool.globalId,
          pool_router: {
            pools: sorted(pools, (pool) => capturePool(pool, names, { home, directory })),
            pools_nicknames: sorted(nicknames, (id) => id),
            affinities: sorted(affinities, (affinity) => affinity),
            proxies: sorted(proxies, (origin) => origin),
          },
        },
        command: {
          alpha_taskforce: command.alphaTaskforce.globalId,
          taskforces: sorted(command.taskforces, describe),
        },
        communication: { connections: sorted(communication.connections, describe) },
      },
    },
  };
  refuseSecrets(document, names.known);
  return parseEnvironmentDocument(document);
}

function describe(described: { toConfig(): object }, id: string): CapturedConfig {
  return captureConfig(described.toConfig(), id);
}

/** As an object whose members are in the order of their names, whatever order they were registered in. */
function sorted<T, U>(
  map: ReadonlyMap<string, T>,
  to: (value: T, key: string) => U,
): Record<string, U> {
  const keys = [...map.keys()].sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, to(map.get(key) as T, key)]));
}

/** The environment is derived on every look; saying the same thing each time would be noise. */
const said = new WeakMap<object, Set<string>>();

function warnOnce(policy: Policy, message: string): void {
  const before = said.get(policy) ?? new Set();
  if (before.has(message)) return;
  said.set(policy, before.add(message));
  process.emitWarning(message, { type: "LailaWarning", code: "LAILA_AMBIGUOUS_SECRET" });
}
