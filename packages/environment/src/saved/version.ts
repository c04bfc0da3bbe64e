import type { CallOptions, PoolLike } from "@laila/pool";
import { type GlobalId, LailaError } from "@laila/schema";
import type { Head, HeadState, SavedVersion, TrashedVersion } from "./head.js";
import { allVersions, readLog } from "./log.js";

/** One version of a saved environment, without its document. */
export interface VersionInfo {
  /** 1, 2, 3 … */
  readonly version: number;
  /** The entry that holds the document. */
  readonly leafId: GlobalId;
  readonly digest: string;
  /** The version it was saved on top of; null for the first. */
  readonly parent: number | null;
  readonly author: string | null;
  readonly message: string | null;
  /** When it was saved, by the clock of who did (ISO 8601). */
  readonly time: string;
  /** The labels that stand on it, in order. */
  readonly labels: readonly string[];
  /** Whether it is the one that is recovered unless another is asked for. */
  readonly current: boolean;
  /** The version whose document a rollback brought back; null for one that was saved. */
  readonly rollbackOf: number | null;
  /** Since when it is pruned (ISO 8601); its document is still there. Null for all others. */
  readonly trashed: string | null;
  /** There only when it bears a signature, which a recovery with `verify` checks. */
  readonly signed?: true;
}

/** Which version is meant: at most one of these; the current one without any. */
export interface VersionSelector {
  readonly version?: number | undefined;
  readonly label?: string | undefined;
  /** The one that was current then: the newest that was saved at that time or before. */
  readonly time?: Date | string | undefined;
}

export const selectorNames: readonly (keyof VersionSelector)[] = ["version", "label", "time"];

export function infoOf(version: SavedVersion, { labels, head }: HeadState): VersionInfo {
  const { n, config, digest, parent, author, message, time, rollback_of, trashed } = version;
  return {
    version: n,
    leafId: config,
    digest,
    parent: typeof parent === "number" ? parent : null,
    author: author ?? null,
    message: message ?? null,
    time,
    labels: Object.keys(labels)
      .filter((label) => labels[label] === n)
      .sort(),
    current: n === head,
    rollbackOf: typeof rollback_of === "number" ? rollback_of : null,
    trashed: typeof trashed === "string" ? trashed : null,
    ...(version.signature === undefined ? {} : { signed: true as const }),
  };
}

/** INVALID_ARGUMENT for a selector that says more than one thing, or nothing that can be. */
export function checkSelector(call: string, selector: VersionSelector): void {
  const given = selectorNames.filter((name) => selector[name] !== undefined);
  const wrong = (why: string): LailaError => new LailaError("INVALID_ARGUMENT", `${call}: ${why}.`);
  if (given.length > 1) throw wrong(`give one of ${given.join(", ")}`);
  const { version, label, time } = selector;
  if (version !== undefined && !(Number.isSafeInteger(version) && version > 0))
    throw wrong("version is a whole number from 1");
  if (label !== undefined && (typeof label !== "string" || label === ""))
    throw wrong("label is the text of a label");
  if (time !== undefined && Number.isNaN(timeOf(time)))
    throw wrong('time is a Date, or a text such as "2026-01-31T12:00:00Z"');
}

/** Milliseconds since 1970; NaN for what is no time. */
export function timeOf(time: Date | string): number {
  if (time instanceof Date) return time.getTime();
  return typeof time === "string" ? Date.parse(time) : Number.NaN;
}

/**
 * The version that is meant, from the head where it is there, else from the logs. Pruned ones are found by
 * number as long as their documents are there. NOT_FOUND.
 */
export async function findVersion(
  pool: PoolLike,
  name: string,
  head: Head & { readonly state: HeadState },
  { version, label, time }: VersionSelector,
  options: CallOptions,
): Promise<SavedVersion> {
  const { state } = head;
  const shown = `The environment ${JSON.stringify(name)}`;
  const details = { name, version, label, current: state.head };
  if (time !== undefined) return atTime(pool, head, timeOf(time), shown, options);
  let n = version ?? state.head;
  if (label !== undefined) {
    if (!Object.hasOwn(state.labels, label)) {
      const known = Object.keys(state.labels).sort();
      const list = known.length === 0 ? "It has none" : `It has ${known.join(", ")}`;
      throw new LailaError(
        "NOT_FOUND",
        `${shown} has no label ${JSON.stringify(label)}. ${list}.`,
        { details },
      );
    }
    n = state.labels[label] as number;
  }
  const found = await withNumber(pool, state, n, options);
  if (found) return found;
  const why = n > state.head ? `its newest is ${state.head}` : "it was pruned";
  throw new LailaError(
    "NOT_FOUND",
    `${shown} has no version ${n}: ${why}. Look at environmentHistory.`,
    {
      details,
    },
  );
}

/** A version by its number; undefined when there is none. */
export async function withNumber(
  pool: PoolLike,
  { versions, log = [], trash }: HeadState,
  n: number,
  options: CallOptions,
): Promise<SavedVersion | TrashedVersion | undefined> {
  const near = [...versions, ...trash].find((one) => one.n === n);
  if (near) return near;
  const reference = log.find(({ first, last }) => first <= n && n <= last);
  return reference && (await readLog(pool, reference, options)).find((one) => one.n === n);
}

async function atTime(
  pool: PoolLike,
  head: Head & { readonly state: HeadState },
  wanted: number,
  shown: string,
  options: CallOptions,
): Promise<SavedVersion> {
  const by = (versions: readonly SavedVersion[]): SavedVersion | undefined =>
    versions.findLast(({ time }) => Date.parse(time) <= wanted);
  const found = by(head.state.versions) ?? by(await allVersions(pool, head, options));
  if (found) return found;
  throw new LailaError(
    "NOT_FOUND",
    `${shown} had no version at ${new Date(wanted).toISOString()} that is still there. Look at environmentHistory.`,
    { details: { time: new Date(wanted).toISOString() } },
  );
}
