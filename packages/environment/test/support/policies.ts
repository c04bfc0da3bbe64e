import { Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import type { EnvironmentDocument } from "@laila/schema";
import { VaultPool } from "./vault-pool.js";

export const secrets = {
  VAULT_KEY_ID: "AKIDEXAMPLE0001",
  VAULT_KEY_VALUE: "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
};

/** A policy with a vault, a cache in front of it, names and affinities. */
export function somePolicy(): Policy {
  const policy = new Policy();
  const vault = new VaultPool({
    endpoint: "https://vault.example.org",
    keyId: secrets.VAULT_KEY_ID,
    keyValue: secrets.VAULT_KEY_VALUE,
    region: "there",
    nickname: "vault",
  });
  const cache = new MemoryPool({ maxBytes: 1000, evict: "lru" });
  policy.central.memory.extend(vault, { poolNickname: "vault", affinity: 2 });
  policy.central.memory.extend(vault, { poolNickname: "archive" });
  policy.central.memory.extend(cache, { poolNickname: "cache" });
  cache.proxyTo(vault);
  return policy;
}

/** The value that an error came with; a promise that resolves fails the test by its value. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { details: Record<string, unknown>; code: string }> {
  try {
    return (await promise) as never;
  } catch (error) {
    return error as never;
  }
}

export type Config = Record<string, unknown>;

/** A document that tests may change. */
export interface OpenDocument {
  laila_environment: number;
  policy: {
    central: {
      memory: {
        alpha_pool: string;
        pool_router: {
          pools: Record<string, Config>;
          pools_nicknames: Record<string, string>;
          affinities: Record<string, number>;
          proxies: Record<string, string>;
        };
      };
      command: { alpha_taskforce: string; taskforces: Record<string, Config> };
      communication: { connections: Record<string, Config> };
    };
  };
}

/** A copy that may be changed. */
export function open(document: EnvironmentDocument): OpenDocument {
  return structuredClone(document) as unknown as OpenDocument;
}
