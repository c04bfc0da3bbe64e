import { dirname, resolve } from "node:path";
import {
  createLaila,
  type Laila,
  MemoryPool,
  Policy,
  type PoolClass,
  type PoolLike,
  type TrustRule,
} from "@laila/core";
import { LailaError, nearMatches } from "@laila/schema";
import type { Context } from "../spec.js";
import { Backends } from "./backends.js";
import { awsVariables, bucketConfig } from "./bucket.js";
import type { PoolEntry } from "./define.js";
import { type FoundConfig, findConfig, isObject } from "./find.js";
import { ownSecrets } from "./own-secrets.js";
import { ownTrust } from "./own-trust.js";

/** What a command works on: the arguments, and the pools that its project (or its flags) describe. */
export class Project {
  readonly laila: Laila;
  readonly directory: string;
  readonly backends: Backends;
  readonly #found: FoundConfig | undefined;
  readonly #context: Context;
  readonly #pools = new Map<string, Promise<PoolLike>>();
  #live: Promise<Laila> | undefined;

  private constructor(context: Context, found: FoundConfig | undefined) {
    this.#context = context;
    this.#found = found;
    this.directory = found ? dirname(found.file) : context.cwd;
    const { namespace, home } = found?.config ?? {};
    const place = home === undefined ? undefined : resolve(this.directory, home);
    this.laila = createLaila({ namespace, home: place, directory: this.directory });
    const own = [MemoryPool, ...(found?.config.poolClasses ?? [])] as readonly PoolClass[];
    this.backends = new Backends(this.directory, own, context.say);
  }

  /** Opens the project that a command's flags name, lets `work` use it, and closes it. */
  static async use<T>(context: Context, work: (project: Project) => Promise<T>): Promise<T> {
    const { cwd, env, given } = context;
    const found = await findConfig(cwd, given.text("config"));
    const project = new Project(context, found);
    try {
      const { secrets = [] } = found?.config ?? {};
      for (const file of typeof secrets === "string" ? [secrets] : secrets)
        await project.laila.readArgs(file);
      for (const file of given.texts("secrets")) await project.laila.readArgs(resolve(cwd, file));
      if (secrets.length === 0 && given.texts("secrets").length === 0)
        project.laila.readVariables(...awsVariables.filter((name) => env[name]));
      return await work(project);
    } finally {
      await project.#close();
    }
  }

  /** The environment's name: the operand, else the project's. INVALID_ARGUMENT where there is neither. */
  nameOr(operand: string | undefined): string {
    const name = operand ?? this.#found?.config.name;
    if (name !== undefined) return name;
    throw new LailaError(
      "INVALID_ARGUMENT",
      "Which environment? Give its name, or make a project with laila init.",
    );
  }

  /** The names of the project's pools, in the order of its file. */
  get poolNames(): string[] {
    return this.#usesBucket ? ["s3"] : Object.keys(this.#found?.config.pools ?? {});
  }

  /** The pool that environments are saved in. */
  get storeName(): string {
    return (this.#usesBucket ? undefined : this.#found?.config.store) ?? this.poolNames[0] ?? "s3";
  }

  /** The pool that `--pool` or the flags of a bucket name; else the store. */
  async chosen(): Promise<PoolLike> {
    return this.pool(this.#context.given.text("pool") ?? this.storeName);
  }

  /** A pool by its name, made when it is first asked for. NOT_FOUND, INVALID_CONFIG, MISSING_ARG, MISSING_PACKAGE. */
  pool(name: string): Promise<PoolLike> {
    const made = this.#pools.get(name) ?? this.#make(name);
    this.#pools.set(name, made);
    return made;
  }

  /** The set-up as the project describes it, live: its policy is active. `name` is the policy's where the project has none. */
  live(name?: string): Promise<Laila> {
    this.#live ??= this.#wire(name);
    return this.#live;
  }

  /** Which secrets the project's own file sends where. */
  async trust(): Promise<TrustRule[]> {
    const rules: TrustRule[] = [];
    const classes = await this.backends.all();
    for (const entry of Object.values(this.#usesBucket ? {} : (this.#found?.config.pools ?? {}))) {
      const cls = classes.find(({ classToken }) => classToken === entry.class);
      if (cls) rules.push(...ownTrust(cls, entry, this.laila));
    }
    return rules;
  }

  async #wire(name: string | undefined): Promise<Laila> {
    const { laila } = this;
    const config = this.#found?.config;
    // One without a name would be another policy in every process, and each save a new version.
    const nickname = config?.name ?? name ?? "laila";
    laila.activate(new Policy({ nickname, namespace: laila.namespace }));
    for (const pool of this.poolNames)
      laila.memory.extend(await this.pool(pool), {
        poolNickname: pool,
        alpha: pool === config?.alpha,
      });
    for (const [cache, origin] of Object.entries(this.#usesBucket ? {} : (config?.proxies ?? {})))
      (await this.pool(cache)).proxyTo(await this.pool(origin));
    if (!this.#usesBucket) await config?.setup?.(laila);
    return laila;
  }

  get #usesBucket(): boolean {
    const { given } = this.#context;
    return (
      !this.#found ||
      ["bucket", "endpoint", "region", "prefix"].some((flag) => given.text(flag) !== undefined)
    );
  }

  async #make(name: string): Promise<PoolLike> {
    const { laila } = this;
    if (this.#usesBucket) {
      if (name !== "s3") throw this.#noPool(name);
      const cls = await this.backends.classOf("S3Pool");
      return laila.create(cls, {
        ...bucketConfig(laila.args, this.#context.given),
        nickname: "s3",
      });
    }
    const pools = this.#found?.config.pools ?? {};
    const entry = Object.hasOwn(pools, name) ? pools[name] : undefined;
    if (!entry) throw this.#noPool(name);
    const cls = await this.backends.classOf(entry.class);
    const fields = this.#fields(name, entry);
    const own = ownSecrets(cls, laila.configure(cls, { ...fields, nickname: name }), laila);
    return laila.create(cls, { ...fields, ...own, nickname: name });
  }

  #fields(name: string, entry: PoolEntry): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(entry)) {
      if (field === "class" || value === undefined) continue;
      if (!isObject(value)) fields[field] = value;
      else if (typeof value.$secret === "string") fields[field] = this.laila.secret(value.$secret);
      else if (typeof value.$arg === "string") fields[field] = this.laila.args[value.$arg];
      else if ("$secret" in value || "$arg" in value)
        throw new LailaError(
          "INVALID_CONFIG",
          `${this.#found?.file}: pools.${name}.${field} must be { "$arg": "NAME" } or { "$secret": "NAME" }.`,
        );
      else fields[field] = value;
    }
    return fields;
  }

  #noPool(name: string): LailaError {
    const names = this.poolNames;
    const near = nearMatches(name, names);
    const hint =
      near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `There are ${names.join(", ")}.`;
    return new LailaError("NOT_FOUND", `The project has no pool ${JSON.stringify(name)}. ${hint}`);
  }

  /** All of them, also when one fails. A pool that could not be made was told of when it was asked for. */
  async #close(): Promise<void> {
    const made = await Promise.allSettled(this.#pools.values());
    const pools = made.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const closing = [this.laila.close(), ...pools.map((pool) => pool.close())];
    const failed = (await Promise.allSettled(closing)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }
}
