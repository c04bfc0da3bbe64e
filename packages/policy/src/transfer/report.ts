import { LailaError } from "@laila/schema";
import { listedErrors } from "../multiple.js";

/**
 * What became of a key. `copied`: written (and, unless told otherwise, read back). `skipped`: the same
 * bytes were there. `conflict`: another value was there and stayed (`onConflict: "skip"`). `moved`: it is
 * at the destination, verified, and deleted from the source. `deleted`: gone from the destination, as it
 * was not in the source. `gone`: it vanished from the source before it was read. `failed`: see `error`.
 */
export type TransferOutcome =
  | "copied"
  | "skipped"
  | "conflict"
  | "moved"
  | "deleted"
  | "gone"
  | "failed";

export interface TransferEvent {
  readonly key: string;
  readonly outcome: TransferOutcome;
  /** Bytes written for this key. */
  readonly bytes: number;
  /** How many keys were dealt with, this one among them. */
  readonly done: number;
  /** How many there are, where that is known: with `manifest`. A listing is not read ahead to count it. */
  readonly total: number | undefined;
  readonly error?: unknown;
}

export interface TransferFailure {
  readonly key: string;
  readonly error: unknown;
}

/** What a transfer did; in a dry run, what it would have done. */
export interface TransferReport {
  /** Keys written at the destination. */
  readonly copied: number;
  /** How many of these replaced another value. */
  readonly overwritten: number;
  /** Keys that were at the destination already, with the same bytes. */
  readonly skipped: number;
  /** Keys left alone because another value was there. */
  readonly conflicts: number;
  /** Keys deleted: by a move from the source, by a mirror from the destination. */
  readonly deleted: number;
  /** Keys that vanished from the source before they were read. */
  readonly gone: number;
  /** Copied or skipped values that could not be checked as records: other keys, encrypted values. */
  readonly unverified: number;
  /** Bytes written. */
  readonly bytes: number;
  /** How many keys failed. */
  readonly failures: number;
  /** The first 100 of them. */
  readonly failed: readonly TransferFailure[];
  readonly dryRun: boolean;
}

/** What one key adds to the report. */
export interface KeyResult {
  readonly outcome: TransferOutcome;
  readonly bytes?: number;
  readonly wrote?: boolean;
  readonly overwrote?: boolean;
  readonly unverified?: boolean;
  /** With the outcome `failed`. What was written before counts as written all the same. */
  readonly error?: unknown;
}

/** Keeps the count. */
export class Tally {
  done = 0;
  total: number | undefined;
  failures = 0;
  readonly #dryRun: boolean;
  readonly #counts = {
    copied: 0,
    overwritten: 0,
    skipped: 0,
    conflicts: 0,
    deleted: 0,
    gone: 0,
    unverified: 0,
    bytes: 0,
  };
  readonly #failed: TransferFailure[] = [];

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  add(key: string, result: KeyResult): TransferEvent {
    const { outcome, bytes = 0, wrote = false, overwrote = false, unverified = false } = result;
    const counts = this.#counts;
    if (wrote) counts.copied++;
    else if (outcome === "skipped" || outcome === "moved") counts.skipped++;
    if (overwrote) counts.overwritten++;
    if (outcome === "conflict") counts.conflicts++;
    if (outcome === "deleted" || outcome === "moved") counts.deleted++;
    if (outcome === "gone") counts.gone++;
    if (unverified) counts.unverified++;
    counts.bytes += bytes;
    this.done++;
    const event = { key, outcome, bytes, done: this.done, total: this.total };
    if (outcome !== "failed") return event;
    this.failures++;
    if (this.#failed.length < listedErrors) this.#failed.push({ key, error: result.error });
    return { ...event, error: result.error };
  }

  report(): TransferReport {
    return {
      ...this.#counts,
      failures: this.failures,
      failed: [...this.#failed],
      dryRun: this.#dryRun,
    };
  }

  /** MULTIPLE when keys failed or there is more than one thing to tell; undefined when all went well. */
  error(what: string, fatal: { readonly error: unknown } | undefined): unknown {
    if (this.failures === 0) return fatal?.error;
    const shown = this.#failed.slice(0, 3).map(({ key, error }) => `${key}: ${textOf(error)}`);
    if (fatal) shown.unshift(textOf(fatal.error));
    const more = this.failures > 3 ? ` … and ${this.failures - 3} more` : "";
    const end = fatal
      ? `${what} stopped, and before that ${this.failures} keys failed`
      : `${what} is done but for ${this.failures} of ${this.done} keys; mend them and run it again`;
    const errors = this.#failed.map(({ error }) => error);
    return new LailaError("MULTIPLE", `${end}: ${shown.join(" | ")}${more}`, {
      errors: fatal ? [fatal.error, ...errors] : errors,
      details: {
        failures: this.failures + (fatal ? 1 : 0),
        keys: this.#failed.map(({ key }) => key),
        ...this.#counts,
      },
    });
  }
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
