import { checkOptions, type GlobalId, LailaError } from "@laila/schema";
import { type ChangeOptions, HeadChange, type Next, requireConditions } from "./change.js";
import { checkPool } from "./check-pool.js";
import { type Head, headIdOf, readHead } from "./head.js";
import { neverSaved, stateOf } from "./history.js";
import { withNumber } from "./version.js";

export interface LabelOptions extends ChangeOptions {
  /** Label -> the version it is to stand on; `"current"` for the current one, null to take it away. */
  readonly labels: Readonly<Record<string, number | "current" | null>>;
  /** Labels must stand where you think they do (null: nowhere), or nothing is done: CONFLICT. */
  readonly expect?: Readonly<Record<string, number | null>> | undefined;
}

export interface LabelResult {
  readonly name: string;
  readonly manifestId: GlobalId;
  /** All labels as they are now: label -> version. */
  readonly labels: Readonly<Record<string, number>>;
  /** Those that were named, as they were before; null for one that was not there. */
  readonly before: Readonly<Record<string, number | null>>;
}

/** A label is told from a version's number, and fits behind `name@`. */
const labelPattern = /^[\p{L}_][\p{L}\p{N}_.-]{0,63}$/u;
const reserved: ReadonlySet<string> = new Set(["current", "latest", "constructor", "__proto__"]);

/**
 * Puts labels (`prod`, `staging`) on versions, moves them, takes them away: all that one call names
 * together, or none. A labelled version is never pruned. Two round trips, two more for each race lost.
 *
 * NOT_FOUND when nothing was saved or there is no such version (or it is pruned), CONFLICT when `expect` does not hold,
 * INVALID_ARGUMENT for a label that is no word, and the codes of `saveEnvironment`.
 */
export async function labelEnvironment(options: LabelOptions): Promise<LabelResult> {
  const call = "labelEnvironment";
  checkOptions(call, options, [
    "name",
    "pool",
    "labels",
    "expect",
    "unsafe",
    "namespace",
    "signal",
  ]);
  checkPool(options.pool, call);
  checkLabels(options);
  const headId = headIdOf(options.name, options.namespace);
  requireConditions(options);
  return new Labelling(headId, options).run();
}

class Labelling extends HeadChange<LabelResult> {
  protected readonly done = "labelled";
  protected readonly details = {};
  readonly #wanted: LabelOptions["labels"];
  readonly #expected: NonNullable<LabelOptions["expect"]>;
  /** What the last try has written. */
  #result: LabelResult | undefined;

  constructor(headId: GlobalId, options: LabelOptions) {
    super(headId, options);
    this.#wanted = options.labels;
    this.#expected = options.expect ?? {};
  }

  async run(): Promise<LabelResult> {
    const { pool, signal } = this.options;
    return this.change(await readHead(pool, this.headId, signal));
  }

  protected async settled(head: Head): Promise<LabelResult | undefined> {
    if (this.isOwn(head)) return this.#result;
    const { state } = head;
    if (!state) return undefined;
    const { labels, before } = this.#moved(head);
    const unchanged = Object.keys(this.#wanted).every(
      (label) => placeOf(labels, label) === placeOf(before, label),
    );
    // Somebody else put it there: `next` refuses that, once the head told that no try of ours is open.
    if (!unchanged || this.#surprise(before)) return undefined;
    return this.#told(labels, before);
  }

  protected async next(head: Head | undefined): Promise<Next<LabelResult>> {
    const { name, pool, signal } = this.options;
    if (!head) throw neverSaved(name, pool, this.headId);
    const state = stateOf(head, name, this.headId);
    const { labels, before } = this.#moved({ ...head, state });
    this.#checkExpected(before);
    for (const label of Object.keys(this.#wanted)) {
      const n = placeOf(labels, label);
      if (n === null) continue;
      const version = await withNumber(pool, state, n, { signal });
      if (!version || "trashed" in version) throw this.#noVersion(label, n, state.head, !!version);
    }
    this.#result = this.#told(labels, before);
    return {
      state: this.signed({ ...state, labels }),
      recorder: head.recorder,
      result: this.#result,
    };
  }

  protected unused(): readonly GlobalId[] {
    return [];
  }

  #moved({ state }: Head): {
    readonly labels: Record<string, number>;
    readonly before: Record<string, number | null>;
  } {
    const { labels: old = {}, head = 0 } = state ?? {};
    const labels: Record<string, number> = { ...old };
    const before: Record<string, number | null> = {};
    for (const [label, to] of Object.entries(this.#wanted)) {
      before[label] = placeOf(old, label);
      if (to === null) delete labels[label];
      else labels[label] = to === "current" ? head : to;
    }
    for (const label of Object.keys(this.#expected)) before[label] = placeOf(old, label);
    return { labels, before };
  }

  /** The first label that is not where it was expected. */
  #surprise(before: LabelResult["before"]): string | undefined {
    return Object.keys(this.#expected).find((label) => before[label] !== this.#expected[label]);
  }

  #checkExpected(before: LabelResult["before"]): void {
    const label = this.#surprise(before);
    if (label === undefined) return;
    const [found, expected] = [before[label], this.#expected[label]];
    const at = found === null ? "on no version" : `on version ${found}`;
    throw new LailaError(
      "CONFLICT",
      `${this.shown} was not labelled: ${label} is ${at}, not where it was expected. Look at the labels, and decide.`,
      { details: { label, expected, found, outcome: "lost" } },
    );
  }

  #told(
    labels: Readonly<Record<string, number>>,
    before: Readonly<Record<string, number | null>>,
  ): LabelResult {
    return { name: this.options.name, manifestId: this.headId, labels, before };
  }

  #noVersion(label: string, n: number, newest: number, pruned: boolean): LailaError {
    const why = n > newest ? `its newest is ${newest}` : "it was pruned";
    const fix = pruned ? "Roll back to it first, and label the version that makes." : "";
    return new LailaError(
      "NOT_FOUND",
      `${this.shown} has no version ${n} to put the label ${label} on: ${why}. ${fix}`.trimEnd(),
      { details: { label, version: n, current: newest } },
    );
  }
}

/** Any word can be a label, also one that every object has as a member. */
function placeOf(labels: Readonly<Record<string, number | null>>, label: string): number | null {
  return Object.hasOwn(labels, label) ? (labels[label] ?? null) : null;
}

function checkLabels({ labels, expect }: LabelOptions): void {
  const wrong = (why: string): LailaError =>
    new LailaError("INVALID_ARGUMENT", `labelEnvironment: ${why}.`);
  const isMap = (value: unknown): value is object =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap(labels) || Object.keys(labels).length === 0)
    throw wrong("labels says which label goes on which version, such as { prod: 3 }");
  if (expect !== undefined && !isMap(expect))
    throw wrong("expect says on which version a label is now, such as { prod: 2 }");
  for (const [label, to] of [...Object.entries(labels), ...Object.entries(expect ?? {})]) {
    if (!labelPattern.test(label) || reserved.has(label))
      throw wrong(
        `${JSON.stringify(label.slice(0, 80))} cannot be a label. One begins with a letter, has letters, digits, "_", "." and "-", at most 64, and is not "current" or "latest"`,
      );
    const isVersion = Number.isSafeInteger(to) && (to as number) > 0;
    if (!isVersion && to !== null && to !== "current")
      throw wrong(`${label} goes on the number of a version, "current", or null for none`);
  }
}
