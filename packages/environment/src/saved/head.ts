import type { PoolLike, Version } from "@laila/pool";
import {
  type DecodedRecord,
  decodeRecord,
  encodeRecord,
  entryAt,
  type GlobalId,
  globalIdOf,
  isGlobalId,
  LailaError,
} from "@laila/schema";

/** One saved version, as the head lists it. Members this release does not know are kept on a rewrite. */
export interface SavedVersion {
  /** 1, 2, 3 … */
  readonly n: number;
  /** The leaf: the entry that holds the document. */
  readonly config: GlobalId;
  readonly digest: string;
  /** The version it was saved on top of; null for the first. */
  readonly parent: number | null;
  /** Names the act of saving, so that a writer recognises its own after a lost reply. */
  readonly op: string;
  readonly author: string | null;
  /** When it was saved, by the writer's clock (ISO 8601). */
  readonly time: string;
  readonly message: string | null;
  readonly [more: string]: unknown;
}

/** A version that was pruned: its document is still there, for whoever is reading it. */
export interface TrashedVersion extends SavedVersion {
  /** Since when, by the storage's clock where it has one (ISO 8601). */
  readonly trashed: string;
}

/** An immutable entry that holds older versions, so that the head stays small. */
export interface LogReference {
  readonly entry: GlobalId;
  /** The lowest and the highest `n` in it. */
  readonly first: number;
  readonly last: number;
  /** Of the entry's payload. */
  readonly digest: string;
  readonly [more: string]: unknown;
}

/** The record-level member `environment` of a head. */
export interface HeadState {
  /** The current version's `n`. */
  readonly head: number;
  /** In order; without those in the logs. */
  readonly versions: readonly SavedVersion[];
  /** Label -> `n`. */
  readonly labels: Readonly<Record<string, number>>;
  readonly trash: readonly TrashedVersion[];
  /** Where older versions are, in order. */
  readonly log?: readonly LogReference[];
  /** The latest acts that made no version (labels moved, versions pruned), newest last. */
  readonly ops?: readonly string[];
  readonly [more: string]: unknown;
}

/** A head that was read: the manifest record of an environment's name. */
export interface Head {
  readonly config: GlobalId;
  /** Undefined for a plain manifest `{ config }`, which has no versions. */
  readonly state: HeadState | undefined;
  readonly version: Version | undefined;
  /** The policy that wrote it. */
  readonly recorder: GlobalId | null;
  /** Further members of the record, to be written back as they were. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** The id of an environment's head: the manifest of its name. */
export function headIdOf(name: string, namespace: string | undefined): GlobalId {
  if (typeof name !== "string" || name === "") {
    throw new LailaError(
      "INVALID_ARGUMENT",
      'An environment is saved under a name, such as { name: "prod" }.',
    );
  }
  return globalIdOf(name, { scope: "MANIFEST", namespace });
}

/** Reads a head; undefined when there is none. CORRUPT when it is not what this protocol writes. */
export async function readHead(
  pool: PoolLike,
  headId: GlobalId,
  signal: AbortSignal | undefined,
): Promise<Head | undefined> {
  const found = await pool.read(headId, { signal });
  if (!found) return undefined;
  return headOf(decodeRecord(found.bytes, { key: headId }), found.version);
}

/** A record as a head. CORRUPT; INVALID_DOCUMENT for a manifest of another kind. */
export function headOf(
  { entry, extra, recorder }: DecodedRecord,
  version: Version | undefined,
): Head {
  const headId = entry.globalId;
  const config = configOf(entry.data, headId);
  const { environment, ...others } = extra;
  const state = environment === undefined ? undefined : stateOf(environment, config, headId);
  return { config, state, version, recorder, extra: others };
}

/** The bytes of a head; what the head before had besides is kept. */
export function encodeHead(
  headId: GlobalId,
  name: string,
  state: HeadState,
  {
    recorder,
    extra,
  }: { readonly recorder: GlobalId | null; readonly extra: Readonly<Record<string, unknown>> },
): Uint8Array {
  const { config } = currentOf(state);
  return encodeRecord(entryAt(headId, { config }, name), {
    recorder,
    extra: { ...extra, environment: state },
  });
}

/** The entry of the version that the head points at. */
export function currentOf({ head, versions }: HeadState): SavedVersion {
  return versions.find(({ n }) => n === head) as SavedVersion;
}

function configOf(payload: unknown, headId: GlobalId): GlobalId {
  const config =
    isObject(payload) && Object.keys(payload).join() === "config" ? payload.config : undefined;
  if (isGlobalId(config, "ENTRY")) return config;
  throw new LailaError(
    "INVALID_DOCUMENT",
    `${headId} is a manifest, but no saved environment: its blueprint is not { config: <entry> }. Use another name.`,
    {
      details: { headId },
    },
  );
}

function stateOf(value: unknown, config: GlobalId, headId: GlobalId): HeadState {
  const corrupt = (why: string): LailaError =>
    new LailaError(
      "CORRUPT",
      `The saved environment ${headId} ${why}: somebody wrote over it without following the protocol. Restore the manifest, or save under another name.`,
      {
        details: { headId },
      },
    );
  if (!isObject(value) || !Array.isArray(value.versions)) throw corrupt("has no list of versions");
  const { labels = {}, trash = [], log = [], ops = [] } = value;
  if (!isObject(labels) || !Object.values(labels).every(isNumber))
    throw corrupt("has labels that are no numbers of versions");
  if (!Array.isArray(trash) || !trash.every(isTrashed))
    throw corrupt("lists a pruned version that is malformed");
  if (!Array.isArray(ops) || !Array.isArray(log)) throw corrupt("has logs that are malformed");
  let last = 0;
  for (const reference of log as unknown[]) {
    if (!isLogReference(reference) || reference.first <= last)
      throw corrupt("has logs that are malformed or out of order");
    last = reference.last;
  }
  for (const version of value.versions as unknown[]) {
    if (!isSavedVersion(version)) throw corrupt("lists a version that is malformed");
    if (version.n <= last) throw corrupt("lists its versions out of order");
    last = version.n;
  }
  const state = { ...value, labels, trash } as unknown as HeadState;
  if (state.head !== last) throw corrupt("does not point at its newest version");
  if (currentOf(state)?.config !== config)
    throw corrupt("points at another document than its newest version");
  return state;
}

function isSavedVersion(value: unknown): value is SavedVersion {
  return (
    isObject(value) &&
    isNumber(value.n) &&
    isGlobalId(value.config, "ENTRY") &&
    typeof value.digest === "string" &&
    typeof value.op === "string"
  );
}

function isTrashed(value: unknown): value is TrashedVersion {
  return isSavedVersion(value) && !Number.isNaN(Date.parse(String(value.trashed)));
}

function isLogReference(value: unknown): value is LogReference {
  return (
    isObject(value) &&
    isGlobalId(value.entry, "ENTRY") &&
    isNumber(value.first) &&
    isNumber(value.last) &&
    value.first <= value.last &&
    typeof value.digest === "string"
  );
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
