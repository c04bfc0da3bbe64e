import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isLailaError, LailaError } from "@laila/pool";
import type { Capability, Operator } from "opendal";
import { invalid, type ParsedConfig, parseSecretOptions } from "./config.js";
import { callError, failureOf } from "./errors.js";
import { hold } from "./held.js";
import type { Service } from "./services.js";

/** Where `fs` has the values; beside it lies what is being written, which no listing must meet. */
export function valuesDirectory(directory: string): string {
  return join(directory, "values");
}

/** UNSUPPORTED for a service that lacks what a pool needs; INVALID_CONFIG for options it does not take. */
export async function connect(
  config: ParsedConfig,
  service: Service,
  directory: string | undefined,
): Promise<Operator> {
  const operator = config.operator ?? (await build(config, service, directory));
  const missing = lacking(operator.capability(), service);
  if (missing.length > 0) {
    throw new LailaError(
      "UNSUPPORTED",
      `${config.scheme} cannot be a pool: as OpenDAL has it, it cannot ${missing.join(", nor ")}. Use another service.`,
      { details: { scheme: config.scheme, missing } },
    );
  }
  return operator;
}

async function build(
  config: ParsedConfig,
  { kept }: Service,
  directory: string | undefined,
): Promise<Operator> {
  const { scheme } = config;
  const opendal = await load();
  const options = allOptions(config, directory);
  const make = (): Operator => new opendal.Operator(scheme, options);
  try {
    if (scheme === "sled" && directory !== undefined) {
      // OpenDAL's own message would have the path in it, and no code.
      await mkdir(directory, { recursive: true });
      return await hold(directory, make);
    }
    if (kept !== "network") return make();
  } catch (error) {
    throw buildError(error, scheme, Object.values(options));
  }
  const limit = new opendal.TimeoutLayer();
  limit.timeout = config.requestTimeoutMs;
  limit.ioTimeout = config.requestTimeoutMs;
  try {
    return make().layer(limit.build());
  } catch (error) {
    throw buildError(error, scheme, Object.values(options));
  }
}

/** On the first use only: the binary has 43 MB. */
async function load(): Promise<typeof import("opendal")> {
  try {
    return await import("opendal");
  } catch (error) {
    throw noBinary(error);
  }
}

function allOptions(
  { scheme, options, secretOptions, ambientCredentials }: ParsedConfig,
  directory: string | undefined,
): Record<string, string> {
  if (scheme === "fs" && directory !== undefined) {
    return { root: valuesDirectory(directory), atomic_write_dir: join(directory, "temporary") };
  }
  if (scheme === "sled" && directory !== undefined) return { datadir: valuesDirectory(directory) };
  const none = { disable_config_load: "true", disable_ec2_metadata: "true" };
  return {
    ...options,
    ...parseSecretOptions(secretOptions),
    ...(ambientCredentials === false ? none : {}),
  };
}

/** OpenDAL says well which option is wrong; it is told unless it has any option's value in it. */
function buildError(error: unknown, scheme: string, values: readonly string[]): LailaError {
  const told = callError(error, "Making an operator", scheme);
  if (!isLailaError(told, "INVALID_CONFIG") || failureOf(error) === undefined) return told;
  const why = / => ([^\n]{1,200})$/.exec(error instanceof Error ? error.message : "")?.[1];
  if (why === undefined || values.some((value) => value !== "" && why.includes(value))) return told;
  return invalid(`${scheme} does not take these options: ${why}.`, "options");
}

function lacking(has: Capability, { takesEmpty, replaces }: Service): string[] {
  const needs = {
    read: has.read,
    write: has.write,
    delete: has.delete,
    stat: has.stat,
    list: has.list,
    "hold an empty value": has.writeCanEmpty || !takesEmpty,
    rename: has.rename || replaces === "at once",
  };
  return Object.entries(needs).flatMap(([name, there]) => (there ? [] : [name]));
}

function noBinary(cause: unknown): LailaError {
  return new LailaError(
    "UNSUPPORTED",
    `opendal has no binary that runs here (${process.platform} ${process.arch}), or it was not installed. Install opendal with its optional dependencies.`,
    { cause },
  );
}
