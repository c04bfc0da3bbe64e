import type { KeyObject } from "node:crypto";
import {
  checkOptions,
  constant,
  documentDigest,
  type Entry,
  type EnvironmentDocument,
  encodeRecord,
  type GlobalId,
  isLailaError,
  LailaError,
  parseEnvironmentDocument,
} from "@laila/schema";
import { refuseSecrets } from "../capture/scan.js";
import { type Signed, signVersion } from "../recover/signature.js";
import {
  type ChangeOptions,
  conditional,
  HeadChange,
  type Next,
  requireConditions,
} from "./change.js";
import { checkPool } from "./check-pool.js";
import {
  currentOf,
  type Head,
  type HeadState,
  headIdOf,
  readHead,
  type SavedVersion,
} from "./head.js";
import { readLog } from "./log.js";

/** What a version says of how it came about. */
export interface VersionOptions {
  readonly message?: string | undefined;
  readonly author?: string | undefined;
  /** Makes a new version even of an unchanged environment. */
  readonly force?: boolean | undefined;
  /** An Ed25519 private key (PEM text or a KeyObject): signs document and version, for `verify` of a recovery. */
  readonly sign?: string | KeyObject | undefined;
}

/** `name` is what it is found by again. */
export interface SaveOptions extends ChangeOptions, VersionOptions {}

export interface SaveResult {
  readonly version: number;
  readonly name: string;
  /** The head: the manifest of the name. */
  readonly manifestId: GlobalId;
  /** The entry that holds the document of this version. */
  readonly leafId: GlobalId;
  readonly digest: string;
  /** False when the current version already had the same digest, so that no new one was made. */
  readonly created: boolean;
}

export const saveNames: readonly (keyof SaveOptions)[] = [
  "name",
  "pool",
  "message",
  "author",
  "force",
  "sign",
  "unsafe",
  "namespace",
  "signal",
];

/**
 * Saves an environment as the next version (1, 2, 3 …) under a name. Whoever saves at the same time gets
 * the versions before or after: none is lost, none doubled. An unchanged environment makes no new version.
 * Two round trips, two more for each race lost (and one in 250 times, when older versions move to a log).
 *
 * INVALID_ARGUMENT for options that there are not, or no pool; INVALID_DOCUMENT when it is no environment document, or the name belongs to another kind of manifest;
 * UNSUPPORTED on a pool without conditional writes (unless `unsafe`); NOT_FOUND when the saved environment
 * was deleted meanwhile; CONFLICT after 64 lost races; UNAVAILABLE, or the code of a
 * refusal (CREDENTIALS_EXPIRED, ACCESS_DENIED, NO_SPACE …), or ABORTED or TIMEOUT by the signal, with
 * `details.outcome: "unknown"` and `details.op` when it could not be known whether the version was saved; CORRUPT, and what the pool throws.
 */
export async function saveEnvironment(
  environment: EnvironmentDocument,
  options: SaveOptions,
): Promise<SaveResult> {
  checkOptions("saveEnvironment", options, saveNames);
  checkPool(options.pool, "saveEnvironment");
  checkTexts("saveEnvironment", options);
  const document = parseEnvironmentDocument(environment);
  refuseSecrets(document, new Map());
  const headId = headIdOf(options.name, options.namespace);
  requireConditions(options);
  return new Saving(document, headId, options).run();
}

/** INVALID_ARGUMENT for an author or a message that is no text. */
export function checkTexts(call: string, { author, message }: VersionOptions): void {
  for (const [name, value] of Object.entries({ author, message })) {
    if (value === undefined || typeof value === "string") continue;
    throw new LailaError("INVALID_ARGUMENT", `${call}: ${name} must be text.`);
  }
}

/** One act of saving: one leaf, and as many tries at the head as it takes. */
export class Saving extends HeadChange<SaveResult> {
  protected readonly done = "saved";
  readonly #version: VersionOptions;
  readonly #more: (n: number) => Readonly<Record<string, unknown>>;
  readonly #leaf: Entry<EnvironmentDocument>;
  readonly #digest: string;
  /** The current version when this act began. */
  #base = 0;

  /** `more` gives further members of the version's entry in the head, by its number. */
  constructor(
    document: EnvironmentDocument,
    headId: GlobalId,
    options: SaveOptions,
    more: (n: number) => Readonly<Record<string, unknown>> = () => ({}),
  ) {
    super(headId, options);
    this.#version = options;
    this.#more = more;
    this.#leaf = constant(document);
    this.#digest = documentDigest(document);
  }

  async run(): Promise<SaveResult> {
    const { pool, signal } = this.options;
    const [read, written] = await Promise.allSettled([
      readHead(pool, this.headId, signal),
      this.#writeLeaf(),
    ]);
    // Where the leaf itself could not be written, there is nothing to delete, and no way to.
    if (written.status === "rejected") throw written.reason;
    if (read.status === "rejected") return this.abandon(read.reason);
    this.#base = read.value?.state?.head ?? 0;
    return this.change(read.value);
  }

  protected get details(): Readonly<Record<string, unknown>> {
    return { leafId: this.#leaf.globalId };
  }

  protected async settled(head: Head): Promise<SaveResult | undefined> {
    if (!head.state) return undefined;
    const { versions, trash } = head.state;
    const near = [...versions, ...trash].find(({ op }) => op === this.op);
    const own = near ?? (await this.#inLogs(head.state));
    if (own) return this.#result(own.n, own.config, true);
    const current = currentOf(head.state);
    const { force, sign } = this.#version;
    if (force || current.digest !== this.#digest) return undefined;
    if (sign !== undefined && current.signature === undefined) return undefined;
    return this.#result(current.n, current.config, false);
  }

  protected async next(head: Head | undefined): Promise<Next<SaveResult>> {
    if (head && !head.state) throw this.#notSaved();
    const state = this.#nextState(head?.state);
    const recorder = this.#leaf.data.policy.global_id;
    return { state, recorder, result: this.#result(state.head, this.#leaf.globalId, true) };
  }

  protected unused(head: Head | undefined): readonly GlobalId[] {
    const { versions = [], trash = [], log = [] } = head?.state ?? {};
    const id = this.#leaf.globalId;
    // So many have saved meanwhile that this act's own version may be in a log by now.
    if (log.some(({ last }) => last > this.#base)) return [];
    return [...versions, ...trash].some(({ config }) => config === id) ? [] : [id];
  }

  /** This act's own version, when so many have saved since that it has moved to a log. */
  async #inLogs({ log = [] }: HeadState): Promise<SavedVersion | undefined> {
    const { pool, signal } = this.options;
    for (const reference of log) {
      if (reference.last <= this.#base) continue;
      const versions = await readLog(pool, reference, { signal });
      const own = versions.find(({ op }) => op === this.op);
      if (own) return own;
    }
    return undefined;
  }

  async #writeLeaf(): Promise<void> {
    const { pool, signal } = this.options;
    const bytes = encodeRecord(this.#leaf, { recorder: this.#leaf.data.policy.global_id });
    try {
      const condition = conditional(pool, { ifAbsent: true });
      await pool.write(this.#leaf.globalId, bytes, { signal, condition });
    } catch (error) {
      // Nobody else knows this id: who was there first was this very write, whose reply was lost.
      if (!isLailaError(error, "CONFLICT")) throw error;
    }
  }

  #nextState(before: HeadState | undefined): HeadState {
    const { author, message, sign } = this.#version;
    const n = (before?.head ?? 0) + 1;
    const version: SavedVersion = {
      n,
      config: this.#leaf.globalId,
      digest: this.#digest,
      parent: before?.head ?? null,
      op: this.op,
      author: author ?? null,
      time: new Date().toISOString(),
      message: message ?? null,
      ...this.#more(n),
      ...(sign === undefined ? {} : { signature: signVersion(sign, this.#signed(n)) }),
    };
    const { versions = [], labels = {}, trash = [], ...more } = before ?? {};
    return { ...more, head: n, versions: [...versions, version], labels, trash };
  }

  #signed(version: number): Signed {
    return { manifestId: this.headId, version, digest: this.#digest };
  }

  #result(version: number, leafId: GlobalId, created: boolean): SaveResult {
    return {
      version,
      name: this.options.name,
      manifestId: this.headId,
      leafId,
      digest: this.#digest,
      created,
    };
  }

  #notSaved(): LailaError {
    return new LailaError(
      "INVALID_DOCUMENT",
      `${this.shown} was memorized as a manifest, not saved: it has no versions to add to. Save under another name.`,
      { details: { headId: this.headId } },
    );
  }
}
