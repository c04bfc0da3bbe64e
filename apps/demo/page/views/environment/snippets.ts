import type { GlobalId } from "@laila/schema";
import { command, literal, showCode } from "../../core/code.js";
import { setup } from "../../core/live.js";
import { commandOn, poolCan } from "../../core/pools.js";
import type { Named } from "./store.js";

/** The pool that environments are saved in: the bucket. */
function storeLine(): string {
  const router = setup.value?.environment.policy.central.memory.pool_router;
  const [name = "bucket"] =
    Object.entries(router?.pools_nicknames ?? {}).find(
      ([, id]) => router?.pools[id]?.class_token === "S3Pool",
    ) ?? [];
  return `const pool = laila.memory.poolRouter.route({ poolNickname: ${literal(name)} });`;
}

/** `demo@3` of the command; `@live`. */
function operand(name: string, named: Named): string {
  return named === "live" ? "@live" : `${name}@${named}`;
}

function documentCode(name: string, named: Named): string {
  if (named === "live") return "laila.environment";
  return `(await loadEnvironment({ name: ${literal(name)}, pool, version: ${named} })).environment`;
}

export function showDocument(name: string, named: Named): void {
  const isLive = named === "live";
  showCode({
    title: isLive ? "The set-up as data" : "A version as data",
    typescript: isLive
      ? `import { laila } from "@laila/core";

// Secrets are in it by name only.
console.log(JSON.stringify(laila.environment, null, 2));`
      : `import { laila, loadEnvironment } from "@laila/core";

${storeLine()}
const { environment } = await loadEnvironment({ name: ${literal(name)}, pool, version: ${named} });
console.log(JSON.stringify(environment, null, 2));`,
    command: command("env show", [operand(name, named)]),
  });
}

export function showSave(name: string, message: string): void {
  showCode({
    title: "Save a version",
    typescript: `import { laila } from "@laila/core";

${storeLine()}
const { version, created } = await laila.saveEnvironment(laila.environment, {
  name: ${literal(name)},
  pool,${message === "" ? "" : `\n  message: ${literal(message)},`}
});
console.log(version, created); // created: false when nothing had changed`,
    command: command("env save", [name], message === "" ? {} : { m: message }),
  });
}

export function showHistory(name: string): void {
  showCode({
    title: "See the history",
    typescript: `import { environmentHistory, laila } from "@laila/core";

${storeLine()}
const { versions, labels } = await environmentHistory({ name: ${literal(name)}, pool });
for (const { version, time, author, message } of versions) console.log(version, time, author, message);
console.log(labels);`,
    command: command("env history", [name]),
  });
}

export function showLabel(name: string, label: string, version: number | null): void {
  showCode({
    title: version === null ? "Take a label away" : "Put a label on a version",
    typescript: `import { labelEnvironment, laila } from "@laila/core";

${storeLine()}
await labelEnvironment({ name: ${literal(name)}, pool, labels: { ${literal(label)}: ${version} } });`,
    command:
      version === null
        ? command("env label", [name], { remove: label })
        : command("env label", [name, `${label}=${version}`]),
  });
}

export function showRollback(name: string, version: number): void {
  showCode({
    title: "Roll back",
    typescript: `import { laila, rollbackEnvironment } from "@laila/core";

${storeLine()}
const saved = await rollbackEnvironment({ name: ${literal(name)}, pool, version: ${version} });
console.log(saved.version); // a new version, which is version ${version} again`,
    command: command("env rollback", [`${name}@${version}`]),
  });
}

export function showCompare(name: string, before: Named, after: Named): void {
  const loads = before !== "live" || after !== "live";
  showCode({
    title: "Compare two set-ups",
    typescript: `import { diffEnvironments, environmentPatch, formatDiff, laila${loads ? ", loadEnvironment" : ""} } from "@laila/core";

${loads ? `${storeLine()}\n` : ""}const before = ${documentCode(name, before)};
const after = ${documentCode(name, after)};
console.log(formatDiff(diffEnvironments(before, after)));
console.log(environmentPatch(before, after)); // RFC 6902`,
    command: command("env diff", [operand(name, before), operand(name, after)]),
  });
}

/** The live pools that a command of another process can open, too. */
function storedPools(): GlobalId[] {
  return Object.keys(setup.value?.pools ?? {}).filter((id) => poolCan(id, "persistent"));
}

export function showDoctor(name: string, named: Named): void {
  const isLive = named === "live";
  showCode({
    title: "Ask the doctor",
    typescript: isLive
      ? `import { laila } from "@laila/core";

const { ok, findings } = await laila.doctor({ args: laila.args });
for (const { severity, code, text, fix } of findings) console.log(severity, code, text, fix);
console.log(ok);`
      : `import { laila } from "@laila/core";
import { FilesystemPool } from "@laila/pool-fs";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";

${storeLine()}
const { ok, findings } = await laila.doctor({
  name: ${literal(name)},
  version: ${named},
  pool,
  poolClasses: [S3Pool, HDF5Pool, FilesystemPool],
  args: laila.args,
  reuse: laila.policy, // pools that are open here already
});
for (const { severity, code, text, fix } of findings) console.log(severity, code, text, fix);
console.log(ok);`,
    // Without a name, the project as it is.
    command: commandOn(storedPools(), command("doctor", isLive ? [] : [operand(name, named)])),
  });
}
