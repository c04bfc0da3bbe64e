import { LailaError } from "./errors.js";
import {
  defaultNamespace,
  formatGlobalId,
  type GlobalId,
  newUuid,
  parseGlobalId,
  uuidOf,
} from "./global-id.js";
import { checkOptions } from "./options.js";

/** Where a thing's identity comes from: a nickname in a namespace, a uuid, or neither (a fresh one). */
export interface IdentityOptions {
  readonly nickname?: string | undefined;
  /** A namespace uuid; the default is LAILA's own. */
  readonly namespace?: string | undefined;
}

/** Shared by the entries of this scope. */
export const entryScopes: readonly string[] = Object.freeze(["ENTRY"]);

export interface EntryParts<T> {
  readonly data: T;
  readonly scopes: readonly string[];
  readonly uuid: string;
  readonly evolution?: number | undefined;
  readonly nickname?: string | undefined;
}

/**
 * A value with an identity. A constant has no evolution; a variable starts at 0, and
 * {@link Entry.evolve} gives the next one as a new entry. Entries never change.
 */
export class Entry<out T = unknown> {
  readonly data: T;
  readonly scopes: readonly string[];
  readonly uuid: string;
  readonly evolution: number | undefined;
  readonly nickname: string | undefined;
  readonly globalId: GlobalId;

  /**
   * INVALID_ID when a part is malformed. Most callers want {@link constant} or {@link variable}.
   * `globalId` is for those who have checked that it is that of the parts.
   */
  constructor({ data, scopes, uuid, evolution, nickname }: EntryParts<T>, globalId?: GlobalId) {
    this.globalId = globalId ?? formatGlobalId({ scopes, uuid, evolution });
    this.data = data;
    this.scopes = scopes === entryScopes ? entryScopes : Object.freeze([...scopes]);
    this.uuid = uuid;
    // Never -0: an evolution is compared and stored.
    this.evolution = evolution === undefined ? undefined : evolution + 0;
    this.nickname = nickname;
    Object.freeze(this);
  }

  /** The next evolution of a variable. INVALID_ARGUMENT on a constant. */
  evolve<U>(data: U): Entry<U> {
    if (this.evolution === undefined) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${this.globalId} is a constant and cannot evolve. Make a variable, or a constant with another nickname.`,
      );
    }
    const { scopes, uuid, nickname } = this;
    return new Entry({ data, scopes, uuid, nickname, evolution: this.evolution + 1 });
  }
}

const none: IdentityOptions = Object.freeze({});

/** What the global id of a constant begins with; its uuid is the rest. */
const constantBefore = "LAILA:ENTRY:GLOBAL_ID:";

/** An entry that never changes. Without a nickname it gets a fresh uuid. INVALID_ARGUMENT for other options. */
export function constant<T>(data: T, options: IdentityOptions = none): Entry<T> {
  if (options !== none) checkOptions("constant", options, ["nickname", "namespace"]);
  const { nickname, namespace } = options;
  // Joined, not concatenated: V8 would keep the pieces, those of a fresh uuid too, until somebody looks the id up.
  const globalId = [constantBefore, uuidFor(nickname, namespace)].join("");
  const uuid = globalId.slice(constantBefore.length);
  return new Entry({ data, scopes: entryScopes, uuid, nickname }, globalId);
}

/** An entry at evolution 0, or at the one given. INVALID_ID when that is no whole number from 0. */
export function variable<T>(
  data: T,
  options: IdentityOptions & { readonly evolution?: number } = {},
): Entry<T> {
  checkOptions("variable", options, ["nickname", "namespace", "evolution"]);
  const { nickname, namespace, evolution = 0 } = options;
  if (!Number.isSafeInteger(evolution) || evolution < 0) {
    throw new LailaError(
      "INVALID_ID",
      "The evolution of a variable must be a whole number from 0. It is 0 unless given; evolve() makes the next.",
    );
  }
  return new Entry({
    data,
    scopes: entryScopes,
    uuid: uuidFor(nickname, namespace),
    evolution,
    nickname,
  });
}

/** The global id of a thing that is known by its nickname. */
export function globalIdOf(
  nickname: string,
  {
    scope = "ENTRY",
    evolution,
    namespace,
  }: {
    readonly scope?: string | undefined;
    readonly evolution?: number | undefined;
    readonly namespace?: string | undefined;
  } = {},
): GlobalId {
  return formatGlobalId({ scopes: [scope], uuid: uuidOf(nickname, namespace), evolution });
}

/** An entry for a value that was found under an id. INVALID_ID when the id is malformed. */
export function entryAt<T>(globalId: GlobalId, data: T, nickname?: string): Entry<T> {
  return new Entry({ ...parseGlobalId(globalId), data, nickname });
}

function uuidFor(nickname: string | undefined, namespace = defaultNamespace): string {
  return nickname === undefined ? newUuid() : uuidOf(nickname, namespace);
}
