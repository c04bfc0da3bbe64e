import type { Laila, PoolClass } from "@laila/core";

/** The value of an argument, looked up when the project is opened. */
export interface ArgReference {
  readonly $arg: string;
}

/** A secret, kept by its name: the form that saved environments have, too. */
export interface SecretReference {
  readonly $secret: string;
}

/** One pool: its class and the fields of its configuration, in camelCase, values or references. */
export interface PoolEntry {
  /** `S3Pool`, `HDF5Pool`, … of any installed `@laila/pool-*` package, or of `poolClasses`. */
  readonly class: string;
  readonly [field: string]: unknown;
}

/** A project: what `laila.config.ts`, `.js` or `.json` says. */
export interface ProjectConfig {
  /** Of the environment, unless a command names another; also the policy's nickname. */
  readonly name: string;
  /** Files with arguments and secrets, relative to this one: .toml, .json, .env. Later ones win. */
  readonly secrets?: string | readonly string[] | undefined;
  /** By nickname. */
  readonly pools: Readonly<Record<string, PoolEntry>>;
  /** Cache -> the pool that its reads go on to. */
  readonly proxies?: Readonly<Record<string, string>> | undefined;
  /** The pool of all that has no address; in memory unless given. */
  readonly alpha?: string | undefined;
  /** The pool that environments are saved in; the first of `pools` unless given. */
  readonly store?: string | undefined;
  /** The namespace (a uuid) of nicknames. */
  readonly namespace?: string | undefined;
  /** LAILA's home directory; LAILA_HOME, then `~/.laila` unless given. */
  readonly home?: string | undefined;
  /** Classes of your own (not in JSON). */
  readonly poolClasses?: readonly PoolClass[] | undefined;
  /** Does the rest: layers, taskforces, affinities (not in JSON). */
  readonly setup?: ((laila: Laila) => void | Promise<void>) | undefined;
}

/** Gives the configuration back as it is, with its type checked. */
export function defineConfig(config: ProjectConfig): ProjectConfig {
  return config;
}

/** A field's value from the arguments: `bucketName: arg("AWS_BUCKET_NAME")`. */
export function arg(name: string): ArgReference {
  return { $arg: name };
}

/** A secret of the arguments: `secretAccessKey: secret("ARCHIVE_SECRET")`. */
export function secret(name: string): SecretReference {
  return { $secret: name };
}
