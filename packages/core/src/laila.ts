import { homedir } from "node:os";
import { join, resolve } from "node:path";
import {
  type Args,
  type ConfigClass,
  captureEnvironment,
  type DoctorLive,
  type DoctorOptions,
  type DoctorReport,
  type DryRun,
  doctor,
  type ExplainedArg,
  type ExplainOptions,
  explainArgs,
  lookUpArg,
  makeArgs,
  noteSaved,
  type Recovering,
  type RecoverOptions,
  type RecoveryPlan,
  type ResolvedConfig,
  readArgs,
  readVariables,
  recoverPolicy,
  resolveConfig,
  type SaveOptions,
  type SaveResult,
  type SealOptions,
  saveEnvironment,
  sealEnvironment,
  withOrigins,
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
import type { PoolOptions } from "@laila/pool";
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

/** No options: then the defaults alone are all of them. */
const none = Object.freeze({});

/** A class that {@link Laila.create} makes: of pools, or of taskforces. */
export interface Creatable extends ConfigClass {
  // biome-ignore lint/suspicious/noExplicitAny: every class has its own configuration type.
  new (config: any, options?: PoolOptions): object;
}

/** Whatever is left out may come from the arguments or the environment. */
type ConfigOf<C extends Creatable> = Partial<NonNullable<ConstructorParameters<C>[0]>>;

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
    options: {
      /** Runs the commands that a file has in place of values: `NAME = { command = ["pass", "show", "x"] }`. */
      readonly commands?: boolean | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<LailaArgs> {
    checkOptions("readArgs", options, ["commands", "signal"]);
    await readArgs(source, { ...options, into: this.#args, directory: this.directory });
    return this.args;
  }

  /** Adds environment variables, by name: those and no others. MISSING_ARG for what is not set. */
  readVariables(...names: string[]): LailaArgs {
    readVariables(names, { env: process.env, into: this.#args });
    return this.args;
  }

  /**
   * Where each argument came from, and each environment variable that configures one of the classes; secrets
   * are masked. Give the classes in use, so that their secret fields are known.
   */
  explainArgs(options: Pick<ExplainOptions, "classes"> = {}): ExplainedArg[] {
    checkOptions("explainArgs", options, ["classes"]);
    return explainArgs(this.#args, { ...options, env: process.env });
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

  /**
   * A pool (or a taskforce) with this instance's namespace, home and directory, and its configuration from
   * four tiers: what is given, else the arguments at its place
   * (`policy.central.memory.pool_router.pools.<id or nickname>.<field>`), else the environment variable
   * `LAILA_<CLASS>_<FIELD>`, else the default. INVALID_CONFIG says where a wrong value came from; MISSING_ARG;
   * and what its constructor throws.
   */
  create<C extends Creatable>(cls: C, config: ConfigOf<C> = {}): InstanceType<C> {
    const { namespace, home, directory } = this;
    if (typeof cls !== "function" || cls.configSchema === undefined) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        "create takes a class of pools and its configuration: laila.create(S3Pool, { bucketName: … }). A pool that is made already is added with laila.memory.extend(pool).",
      );
    }
    const resolved = this.configure(cls, config);
    try {
      return new cls(resolved.config, { namespace, home, directory }) as InstanceType<C>;
    } catch (error) {
      throw withOrigins(error, resolved);
    }
  }

  /**
   * The configuration that {@link Laila.create} would make an object of, and where each of its fields comes
   * from. Of a layer (`layerDeclarations` of `@laila/pool/layers`) it is what its function takes; the
   * arguments are at `policy.central.memory.pool_router.layers.<class>`.
   */
  configure(cls: ConfigClass, config: object = {}): ResolvedConfig {
    const { namespace } = this;
    const explicit = config as Readonly<Record<string, unknown>>;
    return resolveConfig(cls, explicit, { args: this.#args, env: process.env, namespace });
  }

  // --- entries and manifests -------------------------------------------------------------------

  /** An entry that never changes. */
  constant<T>(data: T, options: NonNullable<Parameters<typeof constant>[1]> = none): Entry<T> {
    // Only a nickname has a namespace.
    return options === none ? constant(data) : constant(data, this.#inNamespace(options));
  }

  /** An entry that evolves; at evolution 0 unless another is given. */
  variable<T>(data: T, options: NonNullable<Parameters<typeof variable>[1]> = none): Entry<T> {
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

  /** `saveEnvironment` with this instance's namespace. What is saved here needs no approval here. */
  async saveEnvironment(
    environment: EnvironmentDocument,
    options: SaveOptions,
  ): Promise<SaveResult> {
    const own = this.#inNamespace(options);
    const saved = await saveEnvironment(environment, own);
    await noteSaved(this.#trustFile, environment, own, saved);
    return saved;
  }

  /**
   * `recoverPolicy` with this instance's namespace, home and directory, and its home's `trust.json` (unless
   * `trustFile` is null). Secrets come from `args` only where that is passed.
   */
  recoverPolicy(options: Recovering & DryRun): Promise<RecoveryPlan>;
  recoverPolicy(options: Recovering & { readonly dryRun?: false | undefined }): Promise<Policy>;
  recoverPolicy(options: Recovering): Promise<Policy | RecoveryPlan> {
    return recoverPolicy(this.#recovering(options));
  }

  /** `doctor` with this instance's namespace, home, directory and `trust.json`. Without a document, of the active policy. */
  doctor(
    options: DoctorOptions & (Recovering | (RecoverOptions & Partial<DoctorLive>)) = {},
  ): Promise<DoctorReport> {
    const given = this.#recovering(options);
    // What is no object is passed on as it is, to be refused.
    const said =
      typeof given !== "object" ||
      given === null ||
      Object.keys(given).some((name) => subjects.includes(name));
    return doctor((said ? given : { ...given, policy: this.policy }) as typeof given & DoctorLive);
  }

  /**
   * The active policy's set-up with the values of its secrets sealed in it for recipients or a passphrase of
   * age; see `sealEnvironment` of `@laila/environment`.
   */
  async seal(lock: Omit<SealOptions, "args" | "policy">): Promise<EnvironmentDocument> {
    const { policy } = this;
    return sealEnvironment(this.environment, { ...lock, args: this.#args, policy });
  }

  get #trustFile(): string {
    return join(this.home, "trust.json");
  }

  #recovering<O extends object>(options: O): O {
    const { namespace, home, directory } = this;
    return withDefaults({ namespace, home, directory, trustFile: this.#trustFile }, options);
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

/** What the doctor may be asked about. */
const subjects: readonly string[] = ["environment", "name", "policy"];

/** What is no object is passed on as it is, to be refused. */
function withDefaults<O extends object>(defaults: object, options: O): O {
  if (options === none) return defaults as O;
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
