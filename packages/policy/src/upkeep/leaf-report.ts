import type { GlobalId } from "@laila/schema";
import { listedErrors } from "../multiple.js";

/** What became of one leaf, or of the manifest's own record. */
export interface LeafEvent<O extends string = string> {
  readonly id: GlobalId;
  /** Where it is first in the blueprint, such as `layers[2].weights`; empty for the manifest itself. */
  readonly path: string;
  readonly outcome: O;
  /** Bytes of the value that was read. */
  readonly bytes: number;
  /** How many were dealt with, this one among them. */
  readonly done: number;
  /** How many there are: the leaves, each counted once, and the manifest's own record. */
  readonly total: number;
  /** Why it is not as it should be. */
  readonly error?: unknown;
}

/** A leaf that is not as it should be. */
export type LeafProblem<O extends string = string> = Omit<LeafEvent<O>, "done" | "total" | "bytes">;

export interface LeafReport<O extends string> {
  readonly manifest: GlobalId;
  /** True when there is no problem. */
  readonly ok: boolean;
  readonly done: number;
  readonly total: number;
  readonly bytes: number;
  /** How many came to which outcome. */
  readonly counts: Readonly<Record<O, number>>;
  /** The first 100 problems; the events have all. */
  readonly problems: readonly LeafProblem<O>[];
}

/** Keeps the count. */
export class LeafTally<O extends string> {
  readonly #counts: Record<O, number>;
  readonly #fine: ReadonlySet<O>;
  readonly #problems: LeafProblem<O>[] = [];
  manifest: GlobalId = "";
  total = 0;
  #done = 0;
  #bytes = 0;
  #wrong = 0;

  constructor(outcomes: readonly O[], fine: readonly O[]) {
    this.#counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<O, number>;
    this.#fine = new Set(fine);
  }

  get wrong(): number {
    return this.#wrong;
  }

  add(
    { id, path }: { readonly id: GlobalId; readonly path: string },
    { outcome, bytes = 0, error }: { outcome: O; bytes?: number; error?: unknown },
  ): LeafEvent<O> {
    this.#counts[outcome]++;
    this.#bytes += bytes;
    const event = { id, path, outcome, bytes, done: ++this.#done, total: this.total };
    if (!this.#fine.has(outcome)) {
      this.#wrong++;
      if (this.#problems.length < listedErrors) this.#problems.push({ id, path, outcome, error });
    }
    return error === undefined ? event : { ...event, error };
  }

  report(): LeafReport<O> {
    return {
      manifest: this.manifest,
      ok: this.#wrong === 0,
      done: this.#done,
      total: this.total,
      bytes: this.#bytes,
      counts: { ...this.#counts },
      problems: [...this.#problems],
    };
  }
}
