import type { GlobalId } from "@laila/schema";
import type { ManifestSummary } from "../../../src/api.js";
import { command, literal, showCode } from "../../core/code.js";
import { setup } from "../../core/live.js";
import { commandOn } from "../../core/pools.js";

/** How code names a pool of the live set-up. */
function route(poolId: GlobalId): string {
  const nickname = routeName(poolId);
  return nickname === undefined
    ? `{ poolId: ${literal(poolId)} }`
    : `{ poolNickname: ${literal(nickname)} }`;
}

function routeName(poolId: GlobalId): string | undefined {
  const names = setup.value?.environment.policy.central.memory.pool_router.pools_nicknames ?? {};
  return Object.entries(names).find(([, id]) => id === poolId)?.[0];
}

/** How the command names a pool. */
function poolOf(poolId: GlobalId): string {
  return routeName(poolId) ?? poolId;
}

function poolLine(name: string, poolId: GlobalId): string {
  return `const ${name} = laila.memory.poolRouter.route(${route(poolId)});`;
}

function nameOf({ nickname, id }: ManifestSummary): string {
  return nickname ?? id;
}

export function showList(poolId: GlobalId): void {
  showCode({
    title: "List manifests",
    typescript: `import { laila } from "@laila/core";

${poolLine("pool", poolId)}
for await (const id of pool.keys({ prefix: "LAILA:MANIFEST:" })) console.log(id);`,
    command: commandOn(
      [poolId],
      command("pool ls", ["LAILA:MANIFEST:"], { l: true, pool: poolOf(poolId) }),
    ),
  });
}

export function showOpened(manifest: ManifestSummary): void {
  const { nickname, id, poolId } = manifest;
  const typescript =
    nickname === null
      ? `import { laila } from "@laila/core";

const { data: blueprint } = await laila.remember(${literal(id)}, ${route(poolId)});
console.log(blueprint);`
      : `import { Manifest } from "@laila/core";

const manifest = await Manifest.recall(${literal(nickname)}, ${route(poolId)});
console.log(manifest.blueprint);`;
  showCode({
    title: "Open a manifest",
    typescript,
    command: commandOn(
      [poolId],
      command("manifest tree", [nameOf(manifest)], { pool: poolOf(poolId) }),
    ),
  });
}

export function showVerify(manifest: ManifestSummary): void {
  const { id, poolId } = manifest;
  showCode({
    title: "Verify a manifest",
    typescript: `import { laila, verifyManifest } from "@laila/core";

${poolLine("pool", poolId)}
const verification = verifyManifest(${literal(id)}, { pool });
for await (const { path, outcome, done, total } of verification) console.log(path, outcome, done, total);
const { ok, counts } = await verification;
console.log(ok, counts);`,
    command: commandOn(
      [poolId],
      command("manifest verify", [nameOf(manifest)], { pool: poolOf(poolId) }),
    ),
  });
}

export function showRepair(manifest: ManifestSummary, from: GlobalId): void {
  const { id, poolId } = manifest;
  showCode({
    title: "Repair a manifest",
    typescript: `import { laila, repairManifest } from "@laila/core";

${poolLine("pool", poolId)}
${poolLine("backup", from)}
const repair = repairManifest(${literal(id)}, { pool, from: [backup] });
for await (const { path, outcome } of repair) if (outcome !== "whole") console.log(path, outcome);
console.log((await repair).ok);`,
    command: commandOn(
      [poolId, from],
      command("manifest repair", [nameOf(manifest)], { pool: poolOf(poolId), from: poolOf(from) }),
    ),
  });
}

export function showBreak(how: "forget" | "flip", poolId: GlobalId, id: GlobalId): void {
  if (how === "forget") {
    showCode({
      title: "Forget an entry",
      typescript: `import { laila } from "@laila/core";

await laila.forget(${literal(id)}, ${route(poolId)});`,
      command: commandOn([poolId], command("pool rm", [id], { pool: poolOf(poolId) })),
    });
    return;
  }
  showCode({
    title: "Flip a bit",
    typescript: `import { laila } from "@laila/core";

// Behind LAILA's back: the pool takes any bytes.
${poolLine("pool", poolId)}
const found = await pool.read(${literal(id)});
if (found) {
  const bytes = Uint8Array.from(found.bytes);
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 1;
  await pool.write(${literal(id)}, bytes);
}`,
    command: null,
  });
}
