import {
  type Blueprint,
  blueprintLeaves,
  Entry,
  formatGlobalId,
  type GlobalId,
  globalIdOf,
  type IdentityOptions,
  isGlobalId,
  isLailaError,
  LailaError,
  newUuid,
  parseBlueprint,
  parseGlobalId,
} from "@laila/schema";
import {
  buildBlueprint,
  isNested,
  type ManifestContents,
  type ManifestPath,
  mergeBlueprints,
  pathText,
  placeAt,
} from "./blueprint-paths.js";
import { checkOptions, received, rememberNames, routeNames } from "./call-options.js";
import type { Future } from "./future.js";
import type { GroupFuture } from "./group-future.js";
import { nameFor, readTree, shape } from "./manifest-io.js";
import type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  MemoryOptions,
  RememberOptions,
} from "./options.js";
import type { Policy } from "./policy.js";
import { nameOf } from "./pool-io.js";
import { type RealizedLeaf, type RealizeEachOptions, realizeEach } from "./realize-each.js";
import type { ManifestLike } from "./selectors.js";
import type { Stage } from "./stage.js";
import type { StandardSchema } from "./standard-schema.js";

/** A policy, or what gives the one to use at the time of each call. */
export type PolicySource = Policy | (() => Policy);

/** The tree of a manifest whose contents are not known to the compiler. */
// biome-ignore lint/suspicious/noExplicitAny: a stored manifest's shape is known at run time only; give recall a schema, or read realizeData().
export type AnyTree = Record<string, any>;

/** Contents with every leaf as the entry that was read for it. */
export type Realized<C> = string extends keyof C
  ? AnyTree
  : { -readonly [K in keyof C]: RealizedPlace<C[K]> };
type RealizedPlace<P> =
  P extends Entry<infer T>
    ? Entry<T>
    : P extends string
      ? Entry
      : P extends readonly unknown[]
        ? { -readonly [K in keyof P]: RealizedPlace<P[K]> }
        : P extends ManifestLike
          ? AnyTree
          : Realized<P>;

/** Contents with every leaf as its data. */
export type RealizedData<C> = string extends keyof C
  ? Record<string, unknown>
  : { -readonly [K in keyof C]: DataPlace<C[K]> };
type DataPlace<P> =
  P extends Entry<infer T>
    ? T
    : P extends string
      ? unknown
      : P extends readonly unknown[]
        ? { -readonly [K in keyof P]: DataPlace<P[K]> }
        : P extends ManifestLike
          ? Record<string, unknown>
          : RealizedData<P>;

export interface ManifestOptions<D = unknown> extends IdentityOptions {
  /** Restores an identity; otherwise it is the nickname's, or a fresh one. */
  readonly globalId?: GlobalId | undefined;
  /** What the realized data must fit; `realizeData` gives the schema's output. */
  readonly schema?: StandardSchema<D> | undefined;
}

export interface RecallOptions<D = unknown> extends MemoryOptions {
  /** The namespace of the nickname; the policy's own unless given. */
  readonly namespace?: string | undefined;
  readonly schema?: StandardSchema<D> | undefined;
}

const manifestNames: readonly (keyof ManifestOptions)[] = [
  "nickname",
  "namespace",
  "globalId",
  "schema",
];
const recallNames: readonly (keyof RecallOptions)[] = [
  ...routeNames,
  "signal",
  "namespace",
  "schema",
];

/**
 * A named tree of entries, kept as one record that holds the leaves' global ids. A manifest never
 * changes; its leaves are written before it and deleted after it, so one that can be read is whole.
 *
 * This class has everything but `recall`, so that it can be extended with another static side.
 */
export class ManifestBase<const C extends ManifestContents = ManifestContents, D = RealizedData<C>>
  implements ManifestLike, Iterable<GlobalId>
{
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly blueprint: Blueprint;
  readonly #entries = new Map<GlobalId, Entry>();
  readonly #source: PolicySource;
  readonly #schema: StandardSchema<D> | undefined;
  readonly #size: number;

  /** INVALID_ARGUMENT with the path of what does not belong in a manifest; INVALID_ID. */
  constructor(source: PolicySource, contents?: C, options?: ManifestOptions<D>) {
    const { nickname, namespace, globalId, schema } = checkOptions(
      "Manifest",
      options,
      manifestNames,
    );
    this.#source = source;
    this.#schema = schema;
    this.nickname = nickname;
    this.globalId = manifestId(globalId, nickname, namespace ?? policyOf(source).namespace);
    this.blueprint = buildBlueprint(contents ?? {}, this.#entries);
    this.#size = [...blueprintLeaves(this.blueprint)].length;
  }

  /** The entries it was made with, by id; leaves that were given as ids are not among them. */
  get entries(): ReadonlyMap<GlobalId, Entry> {
    return this.#entries;
  }

  /** The number of leaves; one that occurs twice counts twice. */
  get size(): number {
    return this.#size;
  }

  /** The leaves' global ids, in the blueprint's order, lists in place. */
  [Symbol.iterator](): Iterator<GlobalId> {
    return blueprintLeaves(this.blueprint);
  }

  /** The names at the top. */
  keys(): string[] {
    return Object.keys(this.blueprint);
  }

  /** The id, the list or the nested blueprint under a name (`"config"`) or a path (`["layers", 2]`). */
  get(path: ManifestPath): GlobalId | readonly GlobalId[] | Blueprint | undefined {
    return placeAt(this.blueprint, path);
  }

  has(path: ManifestPath): boolean {
    return this.get(path) !== undefined;
  }

  /** A nested part as a manifest of its own, fresh unless named. NOT_FOUND; INVALID_ARGUMENT for a leaf. */
  sub(path: ManifestPath, options: ManifestOptions = {}): ManifestBase {
    const part = this.get(path);
    if (part === undefined) {
      throw new LailaError(
        "NOT_FOUND",
        `The manifest ${nameFor(this)} has nothing at ${pathText(path)}. It has ${JSON.stringify(this.keys())} at the top.`,
        {
          details: { path: pathText(path), manifest: this.globalId },
        },
      );
    }
    if (!isNested(part)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${pathText(path)} in the manifest ${nameFor(this)} is a leaf, not a nested part. Use get().`,
      );
    }
    return this.#derive(part, this.#entries, options);
  }

  /**
   * Both together, nested parts level by level, as a manifest of its own, fresh unless named.
   * INVALID_ARGUMENT where they say different things about one place.
   */
  merge(other: ManifestLike, options: ManifestOptions = {}): ManifestBase {
    const held = new Map([...this.#entries, ...other.entries]);
    for (const [id, entry] of this.#entries) {
      const theirs = other.entries.get(id);
      if (theirs && !Object.is(theirs.data, entry.data)) {
        throw new LailaError(
          "INVALID_ARGUMENT",
          `The two manifests hold different data for ${id}, so they cannot be merged. Keep one of the two entries.`,
          { details: { id } },
        );
      }
    }
    return this.#derive(mergeBlueprints(this.blueprint, other.blueprint), held, options);
  }

  /**
   * Writes the entries it holds, then its own record. Leaves given as ids must be in the pool already:
   * NOT_FOUND otherwise, before anything is written (`verify: false` does not look).
   */
  memorize(options?: MemorizeManifestOptions): Future<Entry<Blueprint>> {
    return this.#memory().memorize(this, options);
  }

  /** All leaves, in order. NOT_FOUND names the leaf, its path and the manifest. */
  remember(options?: RememberOptions): GroupFuture<Entry[]> {
    return this.#memory().remember(this, options);
  }

  /** The blueprint's shape with entries at the leaves. INVALID_DOCUMENT when the schema refuses their data. */
  realize(options?: RememberOptions): Future<Realized<C>> {
    return this.#begin("realize", options, async (leaves) => {
      if (this.#schema) await this.#validate(shape(this.blueprint, leaves, ({ data }) => data));
      return shape(this.blueprint, leaves, (entry) => entry) as Realized<C>;
    });
  }

  /** The blueprint's shape with data at the leaves; with a schema, that schema's output. */
  realizeData(options?: RememberOptions): Future<D> {
    return this.#begin("realizeData", options, (leaves) =>
      this.#validate(shape(this.blueprint, leaves, ({ data }) => data)),
    );
  }

  /**
   * Every place of the blueprint in order, with the entry that was read for it, and how many there are: for
   * manifests that are larger than memory. A few are read ahead (`ahead`); leaving the loop ends that.
   * Throws as `realize` does, and INVALID_ARGUMENT; a schema is not asked, as it judges the whole.
   */
  realizeEach(given?: RealizeEachOptions): AsyncGenerator<RealizedLeaf, undefined> {
    const options = checkOptions("realizeEach", given, [...rememberNames, "ahead"]);
    return realizeEach(this.#memory(), this, options);
  }

  /** Deletes its own record, then its leaves (unless `leaves: false`), also those other manifests name. */
  forget(options?: ForgetManifestOptions): Future<GlobalId> {
    return this.#memory().forget(this, options);
  }

  /** The entry that is stored for it: scope MANIFEST, and the blueprint as data. */
  toEntry(): Entry<Blueprint> {
    const { scopes, uuid } = parseGlobalId(this.globalId);
    return new Entry({ data: this.blueprint, scopes, uuid, nickname: this.nickname });
  }

  #memory() {
    return policyOf(this.#source).central.memory;
  }

  #begin<T>(
    call: string,
    given: RememberOptions | undefined,
    act: (leaves: ReadonlyMap<GlobalId, Entry>) => Promise<T>,
  ): Future<T> {
    const memory = this.#memory();
    const own = received(call, given, rememberNames);
    const copyTo = own.options.keepCopy === true ? memory.alphaPool : undefined;
    const total = new Set(this).size;
    const work = async (stage: Stage): Promise<T> => act(await readTree(stage, this, copyTo));
    return memory.begin(own, work, total);
  }

  async #validate(data: Record<string, unknown>): Promise<D> {
    if (!this.#schema) return data as D;
    const result = await this.#schema["~standard"].validate(data);
    if (!result.issues) return result.value;
    const told = result.issues.map(({ message, path = [] }) => {
      const steps = path.map((step) => (typeof step === "object" ? step.key : step));
      return `${pathText(steps.map((step) => (typeof step === "number" ? step : String(step))))}: ${message}`;
    });
    throw new LailaError(
      "INVALID_DOCUMENT",
      `The manifest ${nameFor(this)} does not fit the schema it was recalled with: ${told.slice(0, 5).join("; ")}.`,
      { details: { manifest: this.globalId, issues: told } },
    );
  }

  #derive(
    blueprint: Blueprint,
    held: ReadonlyMap<GlobalId, Entry>,
    given: ManifestOptions,
  ): ManifestBase {
    const { schema: _, ...options } = checkOptions("Manifest", given, manifestNames);
    const derived = new ManifestBase(this.#source, blueprint as ManifestContents, options);
    for (const id of derived) {
      const entry = held.get(id);
      if (entry) derived.#entries.set(id, entry);
    }
    return derived;
  }
}

/** A {@link ManifestBase} that is bound to a policy, with `Manifest.recall`. */
export class Manifest<
  const C extends ManifestContents = ManifestContents,
  D = RealizedData<C>,
> extends ManifestBase<C, D> {
  /**
   * Reads a manifest by its nickname (or its global id); its leaves are read by `realize`.
   * NOT_FOUND when none was saved under it in that pool, INVALID_DOCUMENT when what lies there is none.
   */
  static recall<D = Record<string, unknown>>(
    source: PolicySource,
    nickname: string,
    options: RecallOptions<D> = {},
  ): Future<Manifest<ManifestContents, D>> {
    return recallWith(
      source,
      nickname,
      options,
      (contents, own) => new Manifest<ManifestContents, D>(source, contents, own),
    );
  }
}

/** `Manifest.recall` for those that bind a class of their own. */
export function recallManifest<D = Record<string, unknown>>(
  source: PolicySource,
  nickname: string,
  options: RecallOptions<D> = {},
): Future<ManifestBase<ManifestContents, D>> {
  return recallWith(
    source,
    nickname,
    options,
    (contents, own) => new ManifestBase<ManifestContents, D>(source, contents, own),
  );
}

function recallWith<D, M>(
  source: PolicySource,
  nickname: string,
  given: RecallOptions<D>,
  make: (contents: ManifestContents, own: ManifestOptions<D>) => M,
): Future<M> {
  const { central, namespace } = policyOf(source);
  const { options, refused } = received("recall", given, recallNames);
  return central.memory.begin({ options, refused }, async ({ io, pool, control }) => {
    const byId = isGlobalId(nickname, "MANIFEST");
    const id = byId
      ? nickname
      : globalIdOf(nickname, { scope: "MANIFEST", namespace: options.namespace ?? namespace });
    const reading = Promise.resolve(io.read(pool, id, control));
    const entry = await reading.catch((error: unknown) => {
      if (!isLailaError(error, "NOT_FOUND")) throw error;
      throw new LailaError(
        "NOT_FOUND",
        `No manifest was saved as ${JSON.stringify(nickname)} in ${nameOf(pool)} (${id}). Check the name and its namespace, and which pool it is in.`,
        { cause: error, details: { ...error.details, nickname } },
      );
    });
    const blueprint = parseBlueprint(entry.data);
    return make(blueprint as ManifestContents, {
      globalId: id,
      nickname: byId ? entry.nickname : nickname,
      schema: options.schema,
    });
  });
}

function policyOf(source: PolicySource): Policy {
  return typeof source === "function" ? source() : source;
}

function manifestId(
  globalId: GlobalId | undefined,
  nickname: string | undefined,
  namespace: string,
): GlobalId {
  if (globalId !== undefined) {
    if (isGlobalId(globalId, "MANIFEST") && parseGlobalId(globalId).evolution === undefined)
      return globalId;
    throw new LailaError(
      "INVALID_ID",
      `${JSON.stringify(globalId)} is not the global id of a manifest.`,
    );
  }
  if (nickname !== undefined) return globalIdOf(nickname, { scope: "MANIFEST", namespace });
  return formatGlobalId({ scopes: ["MANIFEST"], uuid: newUuid() });
}
