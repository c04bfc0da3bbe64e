import type { Life, Setup } from "../../../src/api.js";
import { command, literal, type Snippet, word } from "../../core/code.js";
import { credentials } from "./places.js";

/** What is there to delete: everything but the credentials. */
export function localNames({ files }: Life): readonly string[] {
  return files
    .filter(({ name, bytes }) => name !== credentials && bytes !== null)
    .map(({ name }) => name);
}

/** Really the end of it: no warning, and what was local is deleted. */
export function killSnippet(life: Life, deleteFiles: boolean): Snippet {
  const pid = life.pid ?? 0;
  const local = deleteFiles ? localNames(life) : [];
  const removal = local.map(
    (name) => `await rm(${literal(name)}, { recursive: true, force: true });\n`,
  );
  const removing = local.length === 0 ? "" : `\nrm -rf -- ${local.map(word).join(" ")}`;
  return {
    title: "Kill the set-up",
    typescript: `${local.length === 0 ? "" : 'import { rm } from "node:fs/promises";\n\n'}process.kill(${pid}, "SIGKILL"); // no warning, no last word\n${removal.join("")}`,
    command: `kill -9 ${pid}${removing}`,
  };
}

const packages: Readonly<Record<string, string>> = {
  FilesystemPool: "@laila/pool-fs",
  HDF5Pool: "@laila/pool-hdf5",
};

interface RecoverWhat {
  readonly name: string;
  readonly life: Life;
  /** The last one known, for the classes that are needed. */
  readonly setup: Setup | null;
}

export function recoverSnippet({ name, life, setup }: RecoverWhat): Snippet {
  const known = setup?.environment.policy.central.memory.pool_router.pools;
  const tokens = known
    ? new Set(Object.values(known).map(({ class_token }) => class_token))
    : new Set(Object.keys(packages));
  const others = Object.keys(packages).filter((token) => tokens.has(token));
  const imports = [...others, "S3Pool"]
    .map((token) => `import { ${token} } from "${packages[token] ?? "@laila/pool-s3"}";`)
    .join("\n");
  const bucket = Object.values(known ?? {}).find(({ bucket_name }) => bucket_name === life.bucket);
  const hasPrefix = typeof bucket?.prefix === "string";
  const prefix = hasPrefix ? "\n  prefix: laila.args.AWS_PREFIX," : "";
  const endpoint = life.endpoint === null ? "" : "\n  endpoint: laila.args.AWS_ENDPOINT,";
  return {
    title: "Recover a set-up by its name",
    typescript: `import { laila } from "@laila/core";
${imports}

await laila.readArgs("./secrets.toml");
const bucket = new S3Pool({
  bucketName: laila.args.AWS_BUCKET_NAME,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  regionName: laila.args.AWS_REGION,${endpoint}${prefix}
});
const policy = await laila.recoverPolicy({
  name: ${literal(name)},
  pool: bucket,
  poolClasses: [${["S3Pool", ...others].join(", ")}],
  args: laila.args,
});
await laila.activate(policy).close();
console.log([...laila.memory.poolRouter.nicknames.keys()]);`,
    command: command("env recover", [name], {
      secrets: credentials,
      ...(hasPrefix ? { prefix: String(bucket.prefix) } : {}),
    }),
  };
}
