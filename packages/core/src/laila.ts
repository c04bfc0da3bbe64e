import { homedir } from "node:os";
import { join, resolve } from "node:path";
import {
  type Args,
  captureEnvironment,
  lookUpArg,
  makeArgs,
  type RecoverDocument,
  type RecoverOptions,
  type RecoverSaved,
  readArgs,
  recoverPolicy,
  type SaveOptions,
  type SaveResult,
  saveEnvironment,
} from "@laila/environment";
import {
  type CentralCommand,
  type CentralCommunication,
  type CentralMemory,
  type Future,
  ManifestBase,
  type ManifestContents,
  type ManifestOptions,
  Policy,
  type RealizedData,
  type RecallOptions,
  recallManifest,
} from "@laila/policy";
import type { PoolClass } from "@laila/pool";
import {
  checkOptions,
  constant,
  type Entry,
  type EnvironmentDocument,
  LailaError,
  Secret,
  variable,
} from "@laila/schema";
import type { LailaArgs } from "./register.js";

export interface LailaOptions {
  /** The namespace of nicknames (a uuid; see `namespaceFor`). LAILA's own unless given. */
  readonly namespace?: string | undefined;
  /** LAILA's home directory; `LAILA_HOME`, then `~/.laila` unless given. */
  readonly home?: string | undefined;
  /** The project's directory, to which paths are relative; the working directory unless given. */
  readonly directory?: string | undefined;
  /** Arguments to begin with. */
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

type ConfigOf<C extends PoolClass> = ConstructorParameters<C>[0];

/**
 * One LAILA: its arguments, its active policy, and the verbs. Instances share nothing. Making one does no
 * I/O; its first policy is made when it is first needed.
 */
export class Laila implements AsyncDisposable {
  readonly #namespace: string | undefined;
  readonly #home: string | undefined;
  readonly #directory: string | undefined;
  readonly #args: Args;
  #policy: Policy | undefined;

  /** INVALID_ARGUMENT for options that there are not, or of another type. */
  constructor(options: LailaOptions = {}) {
    checkLailaOptions(options);
    const { namespace, home, directory, args } = options;
    this.#namespace = namespace;
    this.#home = home;
    this.#directory = directory;
    this.#args = makeArgs(args);
  }

  /** The namespace of nicknames (a uuid): the active policy's, so that what was named is found again. */
  get namespace(): string | undefined {
    return this.#policy?.namespace ?? this.#namespace;
  }

  /** LAILA's home directory, as an absolute path. */
  get home(): string {
    return resolve(this.#home ?? (process.env.LAILA_HOME || join(homedir(), ".laila")));
  }

  /** The project's directory, as an absolute path. */
  get directory(): string {
    return resolve(this.#directory ?? ".");
  }

  // --- arguments -------------------------------------------------------------------------------

  /**
   * What `readArgs` has read so far. A name that is not there throws MISSING_ARG with those that resemble
   * it; `"NAME" in laila.args` tests. Printed or serialised, values are masked.
   */
  get args(): LailaArgs {
    return this.#args as LailaArgs;
  }

  /**
   * Adds arguments: a `.toml`, `.json` or `.env` file, `NAME=value` tokens, or an object; later ones win.
   * NOT_FOUND, INVALID_DOCUMENT (with line and column), INVALID_ARGUMENT.
   */
  async readArgs(
    source: Parameters<typeof readArgs>[0],
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<LailaArgs> {
    await readArgs(source, { into: this.#args, directory: this.directory, signal });
    return this.args;
  }

  /** An argument as a secret that keeps its name, by which documents refer to it. MISSING_ARG, INVALID_ARGUMENT. */
  secret(name: string): Secret {
    // The last look-up says what resembles the name.
    const value = lookUpArg(this.#args, name) ?? (this.#args[name] as unknown);
    if (typeof value === "string" && value !== "") return new Secret(value, name);
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The argument ${name} is no text (or empty), so it cannot be a secret.`,
    );
  }

  // --- the policy ------------------------------------------------------------------------------

  /** The active policy. */
  get policy(): Policy {
    this.#policy ??= new Policy({ namespace: this.namespace });
    return this.#policy;
  }

  /** The same as {@link Laila.policy}. */
  get activePolicy(): Policy {
    return this.policy;
  }

  get memory(): CentralMemory {
    return this.policy.central.memory;
  }

  get command(): CentralCommand {
    return this.policy.central.command;
  }

  get communication(): CentralCommunication {
    return this.policy.central.communication;
  }

  /** Makes a policy the active one and returns the one before. Nothing is closed. INVALID_ARGUMENT. */
  activate(policy: Policy): Policy {
    if (policy?.central === undefined) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        "activate takes a policy. One from recoverPolicy has to be awaited first: laila.activate(await recoverPolicy(…)).",
      );
    }
    const before = this.policy;
    this.#policy = policy;
    return before;
  }

  /** A pool with this instance's namespace, home and directory. What its constructor throws. */
  create<C extends PoolClass>(
    cls: C,
    ...[config]: undefined extends ConfigOf<C> ? [config?: ConfigOf<C>] : [config: ConfigOf<C>]
  ): InstanceType<C> {
    const { namespace, home, directory } = this;
    if (typeof cls !== "function") {
      throw new LailaError(
        "INVALID_ARGUMENT",
        "create takes a class of pools and its configuration: laila.create(S3Pool, { bucketName: … }). A pool that is made already is added with laila.memory.extend(pool).",
      );
    }
    return new cls(config ?? {}, { namespace, home, directory }) as InstanceType<C>;
  }

  // --- entries and manifests -------------------------------------------------------------------

  /** An entry that never changes. */
  constant<T>(data: T, options: NonNullable<Parameters<typeof constant>[1]> = {}): Entry<T> {
    return constant(data, this.#inNamespace(options));
  }

  /** An entry that evolves; at evolution 0 unless another is given. */
  variable<T>(data: T, options: NonNullable<Parameters<typeof variable>[1]> = {}): Entry<T> {
    return variable(data, this.#inNamespace(options));
  }

  /** A manifest bound to whatever policy is active when it is used. INVALID_ARGUMENT, INVALID_ID. */
  manifest<const C extends ManifestContents = ManifestContents, D = RealizedData<C>>(
    contents?: C,
    options: ManifestOptions<D> = {},
  ): ManifestBase<C, D> {
    return new ManifestBase<C, D>(() => this.policy, contents, this.#inNamespace(options));
  }

  /** The manifest that was memorized under a nickname; its data must fit the schema, if one is given. NOT_FOUND. */
  recallManifest<D = Record<string, unknown>>(
    nickname: string,
    options: RecallOptions<D> = {},
  ): Future<ManifestBase<ManifestContents, D>> {
    return recallManifest(() => this.policy, nickname, this.#inNamespace(options));
  }

  /** See `CentralMemory.memorize`. */
  get memorize(): CentralMemory["memorize"] {
    const { memory } = this;
    return memory.memorize.bind(memory) as CentralMemory["memorize"];
  }

  /** See `CentralMemory.remember`. */
  get remember(): CentralMemory["remember"] {
    const { memory } = this;
    return memory.remember.bind(memory) as CentralMemory["remember"];
  }

  /** See `CentralMemory.forget`. */
  get forget(): CentralMemory["forget"] {
    const { memory } = this;
    return memory.forget.bind(memory) as CentralMemory["forget"];
  }

  /** See `Policy.guarantee`. */
  get guarantee(): Policy["guarantee"] {
    const { policy } = this;
    return policy.guarantee.bind(policy) as Policy["guarantee"];
  }

  // --- the set-up as data ----------------------------------------------------------------------

  /** The active policy's set-up as a document, derived on every look. INVALID_DOCUMENT when a secret would be in it. */
  get environment(): EnvironmentDocument {
    return captureEnvironment(this.policy, {
      args: this.#args,
      home: this.home,
      directory: this.directory,
    });
  }

  /** `saveEnvironment` with this instance's namespace. */
  saveEnvironment(environment: EnvironmentDocument, options: SaveOptions): Promise<SaveResult> {
    return saveEnvironment(environment, this.#inNamespace(options));
  }

  /** `recoverPolicy` with this instance's namespace, home and directory. Secrets come from `args` only where that is passed. */
  recoverPolicy(options: RecoverOptions & (RecoverDocument | RecoverSaved)): Promise<Policy> {
    const { namespace, home, directory } = this;
    return recoverPolicy(withDefaults({ namespace, home, directory }, options));
  }

  #inNamespace<O extends { readonly namespace?: string | undefined }>(options: O): O {
    return withDefaults({ namespace: this.namespace }, options);
  }

  /** Closes the active policy: drains it, closes its pools. Another policy may be activated afterwards. */
  async close(): Promise<void> {
    await this.#policy?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What is no object is passed on as it is, to be refused. */
function withDefaults<O extends object>(defaults: object, options: O): O {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as O;
}

function checkLailaOptions(options: LailaOptions): void {
  checkOptions("createLaila", options, ["namespace", "home", "directory", "args"]);
  for (const name of ["namespace", "home", "directory"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "string")
      throw new LailaError("INVALID_ARGUMENT", `createLaila: ${name} must be text.`);
  }
  const { args } = options;
  if (args !== undefined && (typeof args !== "object" || args === null || Array.isArray(args))) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      'createLaila: args must be an object of arguments, such as { AWS_REGION: "us-east-1" }. Files are read with laila.readArgs.',
    );
  }
}

/** An instance that shares nothing with any other: for tests, servers, several set-ups at once. */
export function createLaila(options: LailaOptions = {}): Laila {
  return new Laila(options);
}

/** The instance most programs need. */
export const laila: Laila = createLaila();
