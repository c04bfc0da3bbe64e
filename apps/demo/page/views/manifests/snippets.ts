import type { GlobalId } from "@laila/schema";
import type { ManifestSummary } from "../../../src/api.js";
import { command, literal, showCode } from "../../core/code.js";
import { commandIn, commandOn, poolOperand, routeCode } from "../../core/pools.js";

function poolLine(name: string, poolId: GlobalId): string {
  return `const ${name} = laila.memory.poolRouter.route(${routeCode(poolId)});`;
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
    command: commandIn(poolId, "pool ls", ["LAILA:MANIFEST:"], { l: true }),
  });
}

export function showOpened(manifest: ManifestSummary): void {
  const { nickname, id, poolId } = manifest;
  const typescript =
    nickname === null
      ? `import { laila } from "@laila/core";

const { data: blueprint } = await laila.remember(${literal(id)}, ${routeCode(poolId)});
console.log(blueprint);`
      : `import { Manifest } from "@laila/core";

const manifest = await Manifest.recall(${literal(nickname)}, ${routeCode(poolId)});
console.log(manifest.blueprint);`;
  showCode({
    title: "Open a manifest",
    typescript,
    command: commandIn(poolId, "manifest tree", [nameOf(manifest)]),
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
    command: commandIn(poolId, "manifest verify", [nameOf(manifest)]),
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
      command("manifest repair", [nameOf(manifest)], {
        pool: poolOperand(poolId),
        from: poolOperand(from),
      }),
    ),
  });
}

export function showBreak(how: "forget" | "flip", poolId: GlobalId, id: GlobalId): void {
  if (how === "forget") {
    showCode({
      title: "Forget an entry",
      typescript: `import { laila } from "@laila/core";

await laila.forget(${literal(id)}, ${routeCode(poolId)});`,
      command: commandIn(poolId, "pool rm", [id]),
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
