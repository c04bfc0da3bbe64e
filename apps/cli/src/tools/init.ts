import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { LailaError } from "@laila/schema";
import { invalid } from "../env/name.js";
import { configFiles } from "../project/find.js";
import type { Command, Given } from "../spec.js";

const secretsFile = "secrets.toml";

/** `laila init`. */
export const init: Command = async ({ given, cwd, say }) => {
  const format = given.text("format") ?? "json";
  if (!["ts", "js", "json"].includes(format))
    throw invalid(`--format takes ts, js, json, not ${JSON.stringify(format)}.`);
  const there = configFiles.find((name) => existsSync(join(cwd, name)));
  if (there !== undefined)
    throw new LailaError(
      "CONFLICT",
      `There is a project here already: ${join(cwd, there)}. Nothing was changed.`,
    );
  const name = given.operands[0] ?? (basename(cwd) || "prod");
  const config = configOf(name, given);
  const file = `laila.config.${format}`;
  const files = [file];
  await writeNew(join(cwd, file), format === "json" ? json(config) : module(config, format));
  if (!existsSync(join(cwd, secretsFile))) {
    await writeNew(join(cwd, secretsFile), secretsTemplate, 0o600);
    files.push(secretsFile);
  }
  if (await ignore(join(cwd, ".gitignore"))) files.push(".gitignore");
  say(`Fill in ${secretsFile}, then: laila doctor, laila env save`);
  return { json: { name, directory: cwd, files }, text: files.join("\n") };
};

type Field = string | { readonly $arg: string };

interface NewConfig {
  readonly name: string;
  readonly secrets: string;
  readonly pools: Readonly<Record<string, Readonly<Record<string, Field>>>>;
}

function configOf(name: string, given: Given): NewConfig {
  const bucket: Record<string, Field> = {
    class: "S3Pool",
    bucketName: given.text("bucket") ?? { $arg: "AWS_BUCKET_NAME" },
  };
  const [endpoint, region, prefix] = ["endpoint", "region", "prefix"].map((flag) =>
    given.text(flag),
  );
  bucket.regionName = region ?? { $arg: "AWS_REGION" };
  if (endpoint !== undefined) bucket.endpoint = endpoint;
  if (prefix !== undefined) bucket.prefix = prefix;
  const file = given.text("hdf5");
  const local = file === undefined ? {} : { local: { class: "HDF5Pool", filePath: file } };
  return { name, secrets: secretsFile, pools: { s3: bucket, ...local } };
}

function json(config: NewConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** JavaScript without an import works also where this package is not installed in the project. */
function module(config: NewConfig, format: string): string {
  const body = JSON.stringify(config, null, 2).replace(/"([A-Za-z]\w*)":/g, "$1:");
  const withArgs = body.replace(
    /\{\s*"\$arg": ("[^"]*")\s*\}/g,
    format === "ts" ? "arg($1)" : '{ "$arg": $1 }',
  );
  if (format === "ts")
    return `import { arg, defineConfig } from "@laila/cli";\n\nexport default defineConfig(${withArgs});\n`;
  return `/** @type {import("@laila/cli").ProjectConfig} */\nexport default ${withArgs};\n`;
}

const secretsTemplate = `# Stays on this machine: environments hold only the names.
AWS_ACCESS_KEY_ID = ""
AWS_SECRET_ACCESS_KEY = ""
AWS_REGION = "us-east-1"
AWS_BUCKET_NAME = ""
`;

async function writeNew(file: string, text: string, mode = 0o644): Promise<void> {
  await writeFile(file, text, { flag: "wx", mode });
}

/** True when the secrets were not ignored before. */
async function ignore(file: string): Promise<boolean> {
  const text = existsSync(file) ? await readFile(file, "utf8") : "";
  if (text.split(/\r?\n/).includes(secretsFile)) return false;
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  await writeFile(file, `${text}${gap}${secretsFile}\n`);
  return true;
}
