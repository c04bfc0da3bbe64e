import type { PoolLike } from "../contract.js";
import { check, collect, equal, fail } from "./assertions.js";
import type { DurabilityReport, State } from "./durability-protocol.js";
import { numberOf } from "./numbered.js";

/** What each key may hold: what was acknowledged last, and whatever was begun since. */
export class Ledger {
  readonly #states = new Map<string, Set<State>>();
  readonly #begun = new Map<string, State>();
  /** How many writes and deletes were acknowledged. */
  acknowledged = 0;

  follow(report: DurabilityReport): void {
    if (report.event === "begin") {
      const { key, state } = report;
      this.#states.set(key, (this.#states.get(key) ?? new Set<State>(["gone"])).add(state));
      this.#begun.set(key, state);
    } else if (report.event === "done") {
      const state = this.#begun.get(report.key);
      check(state !== undefined, `${report.key} is acknowledged, but was not begun`);
      this.#states.set(report.key, new Set([state]));
      this.#begun.delete(report.key);
      this.acknowledged++;
    } else if (report.event === "refused") {
      const state = this.#begun.get(report.key);
      if (state !== undefined) this.#states.get(report.key)?.delete(state);
      this.#begun.delete(report.key);
    }
  }

  /** Something this process does itself. */
  async act(key: string, state: State, act: () => Promise<unknown>): Promise<void> {
    this.follow({ event: "begin", key, state });
    await act();
    this.follow({ event: "done", key });
  }

  /**
   * Compares every key, and takes what is there for what is true from now on. What was begun and never
   * answered stays open where `late`: a server may do what a killed client asked for a moment after.
   */
  async check(pool: PoolLike, where: string, late: boolean): Promise<void> {
    const held = new Map<string, State>();
    await Promise.all(
      [...this.#states].map(async ([key, states]) => {
        const state = await stateOf(pool, key, where);
        if (!states.has(state)) {
          const wanted = [...states].map(told).join(", or ");
          const open = this.#begun.has(key) ? "" : "acknowledged ";
          fail(`${where}: ${key} is ${told(state)}, and should be the ${open}${wanted}.`);
        }
        held.set(key, state);
      }),
    );
    const listed = new Set(await collect(pool.keys()));
    for (const [key, state] of held) {
      const open = late && this.#begun.has(key);
      if (!open) equal(listed.has(key), state !== "gone", `${where}: ${key} is in the listing`);
      if (!open) this.#states.set(key, new Set([state]));
    }
    if (!late) this.#begun.clear();
    const foreign = [...listed].find((key) => !held.has(key));
    equal(foreign, undefined, `${where}: a key in the listing that nobody wrote`);
  }
}

async function stateOf(pool: PoolLike, key: string, where: string): Promise<State> {
  const found = await pool.read(key);
  if (!found) return "gone";
  return (
    numberOf(found.bytes) ??
    fail(`${where}: ${key} is torn: ${found.bytes.byteLength} bytes that nobody wrote so.`)
  );
}

function told(state: State): string {
  return state === "gone" ? "absence" : `value ${state}`;
}
