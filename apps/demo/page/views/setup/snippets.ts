import type { EnvironmentDocument } from "@laila/schema";
import { command, literal, type Snippet } from "../../core/code.js";
import { commandOn } from "../../core/pools.js";
import type { Tier } from "./forest.js";

/** How code reaches a pool: by a name that the router knows, else by its id. */
function addressOf({ names, id }: Pick<Tier, "names" | "id">): string {
  const [name] = names;
  return name === undefined ? `{ poolId: ${literal(id)} }` : `{ poolNickname: ${literal(name)} }`;
}

/** The set-up as data. */
export function environmentSnippet(name: string): Snippet {
  return {
    title: "See the set-up as data",
    typescript: `import { laila } from "@laila/core";

const { memory, command } = laila.environment.policy.central;
console.log(memory.pool_router.pools); // secrets by name only
console.log(memory.pool_router.proxies, command.taskforces);`,
    command: command("env show", [name]),
  };
}

export function poolSnippet(tier: Tier): Snippet {
  const [name] = tier.names;
  return {
    title: `Look at the pool ${tier.title}`,
    typescript: `import { laila } from "@laila/core";

const pool = laila.memory.poolRouter.route(${addressOf(tier)});
console.log(pool.globalId, pool.supports, pool.toConfig());
for await (const key of pool.keys()) console.log(key);`,
    command:
      name === undefined ? null : commandOn([tier.id], command("pool ls", [], { pool: name })),
  };
}

export function addPoolSnippet(nickname: string, origin: Tier | undefined): Snippet {
  const proxy = origin
    ? `cache.proxyTo(laila.memory.poolRouter.route(${addressOf(origin)}));\n`
    : "";
  return {
    title: "Add a cache in memory",
    typescript: `import { laila, MemoryPool } from "@laila/core";

const cache = new MemoryPool({ nickname: ${literal(nickname)} });
${proxy}laila.memory.extend(cache, { poolNickname: ${literal(nickname)} });`,
    command: null,
  };
}

export function removePoolSnippet(tier: Tier): Snippet {
  return {
    title: "Take a pool out",
    typescript: `import { laila } from "@laila/core";

const pool = laila.memory.detach(${addressOf(tier)});
await pool.close();`,
    command: null,
  };
}

export function trafficSnippet(environment: EnvironmentDocument): Snippet {
  const [name] = Object.keys(environment.policy.central.memory.pool_router.pools_nicknames);
  const address = name === undefined ? "" : `, { poolNickname: ${literal(name)} }`;
  return {
    title: "Hear of every operation",
    typescript: `import { subscribe } from "node:diagnostics_channel";
import { laila, operationChannel } from "@laila/core";

subscribe(operationChannel, (operation) => console.log(operation));
const reading = laila.constant({ celsius: 21.5 });
await laila.memorize(reading${address});
await laila.remember(reading${address});`,
    command: null,
  };
}
