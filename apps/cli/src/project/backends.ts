import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PoolClass } from "@laila/core";
import { LailaError, nearMatches } from "@laila/schema";

/** Where each class of ours is: one that is not installed can be named with the line that installs it. */
const packages: Readonly<Record<string, string>> = {
  S3Pool: "@laila/pool-s3",
  CloudflarePool: "@laila/pool-s3",
  BackblazePool: "@laila/pool-s3",
  HDF5Pool: "@laila/pool-hdf5",
  FilesystemPool: "@laila/pool-fs",
  SQLitePool: "@laila/pool-sqlite",
  OpenDALPool: "@laila/pool-opendal",
};

/** The pool packages that can be loaded from a project: those installed there, else the command's own. */
export class Backends {
  readonly #directory: string;
  readonly #say: (text: string) => void;
  readonly #found = new Map<string, PoolClass>();
  readonly #loaded = new Set<string>();

  constructor(directory: string, own: readonly PoolClass[], say: (text: string) => void) {
    this.#directory = directory;
    this.#say = say;
    for (const cls of own) this.#found.set(cls.classToken, cls);
  }

  /** MISSING_PACKAGE with the package to install, where that is known. */
  async classOf(token: string): Promise<PoolClass> {
    const known = packages[token];
    if (!this.#found.has(token) && known !== undefined) await this.#load(known);
    const found =
      this.#found.get(token) ?? (await this.all()).find(({ classToken }) => classToken === token);
    if (found) return found;
    if (known !== undefined)
      throw new LailaError(
        "MISSING_PACKAGE",
        `${token} is in ${known}, which is not installed in ${this.#directory}. Install it: npm install ${known}`,
      );
    const near = nearMatches(token, [
      ...new Set([...Object.keys(packages), ...this.#found.keys()]),
    ]);
    throw new LailaError(
      "INVALID_CONFIG",
      `There is no pool class ${JSON.stringify(token)}.${near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : ` Installed are ${[...this.#found.keys()].join(", ")}.`}`,
    );
  }

  /** Every class of every installed package. One that cannot be loaded is told of, and left out. */
  async all(): Promise<PoolClass[]> {
    for (const name of this.#installed()) {
      try {
        await this.#load(name);
      } catch (error) {
        this.#say(
          `${name} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return [...this.#found.values()];
  }

  async #load(name: string): Promise<void> {
    if (this.#loaded.has(name)) return;
    const file = this.#resolve(name);
    if (file === undefined) return;
    this.#loaded.add(name);
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    for (const one of Object.values(module))
      if (isPoolClass(one) && !this.#found.has(one.classToken))
        this.#found.set(one.classToken, one);
  }

  #resolve(name: string): string | undefined {
    for (const from of this.#places()) {
      try {
        return createRequire(join(from, "x.js")).resolve(name);
      } catch (error) {
        // Where it is not, the next place is looked at; a package that is broken is another matter.
        const code = error instanceof Error && "code" in error ? error.code : undefined;
        if (code !== "MODULE_NOT_FOUND") throw error;
      }
    }
    return undefined;
  }

  #installed(): string[] {
    const names = new Set<string>();
    for (const place of this.#places()) {
      for (let at = place; ; at = dirname(at)) {
        for (const name of namesIn(join(at, "node_modules", "@laila")))
          if (name.startsWith("pool-")) names.add(`@laila/${name}`);
        if (dirname(at) === at) break;
      }
    }
    return [...names].filter((name) => this.#resolve(name) !== undefined);
  }

  #places(): string[] {
    return [this.#directory, dirname(fileURLToPath(import.meta.url))];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(code)) return [];
    throw error;
  }
}

function isPoolClass(value: unknown): value is PoolClass {
  return (
    typeof value === "function" &&
    "classToken" in value &&
    typeof value.classToken === "string" &&
    "configSchema" in value &&
    typeof (value.prototype as { readonly read?: unknown } | undefined)?.read === "function"
  );
}
