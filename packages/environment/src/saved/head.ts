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

/** The record-level member `environment` of a head. */
export interface HeadState {
  /** The current version's `n`. */
  readonly head: number;
  readonly versions: readonly SavedVersion[];
  readonly labels: Readonly<Record<string, unknown>>;
  readonly trash: readonly unknown[];
  readonly [more: string]: unknown;
}

/** A head that was read: the manifest record of an environment's name. */
export interface Head {
  readonly config: GlobalId;
  /** Undefined for a plain manifest `{ config }`, which has no versions. */
  readonly state: HeadState | undefined;
  readonly version: Version | undefined;
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
  const { entry, extra }: DecodedRecord = decodeRecord(found.bytes, { key: headId });
  const config = configOf(entry.data, headId);
  const { environment, ...others } = extra;
  const state = environment === undefined ? undefined : stateOf(environment, config, headId);
  return { config, state, version: found.version, extra: others };
}

/** The bytes of a head; what the head before had besides is kept. */
export function encodeHead(
  headId: GlobalId,
  name: string,
  state: HeadState,
  config: GlobalId,
  {
    recorder,
    extra,
  }: { readonly recorder: GlobalId; readonly extra: Readonly<Record<string, unknown>> },
): Uint8Array {
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
  let last = 0;
  for (const version of value.versions as unknown[]) {
    if (!isSavedVersion(version)) throw corrupt("lists a version that is malformed");
    if (version.n <= last) throw corrupt("lists its versions out of order");
    last = version.n;
  }
  const state = {
    ...value,
    labels: value.labels ?? {},
    trash: value.trash ?? [],
  } as unknown as HeadState;
  if (state.head !== last) throw corrupt("does not point at its newest version");
  if (currentOf(state)?.config !== config)
    throw corrupt("points at another document than its newest version");
  return state;
}

function isSavedVersion(value: unknown): value is SavedVersion {
  return (
    isObject(value) &&
    Number.isSafeInteger(value.n) &&
    isGlobalId(value.config, "ENTRY") &&
    typeof value.digest === "string" &&
    typeof value.op === "string"
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
