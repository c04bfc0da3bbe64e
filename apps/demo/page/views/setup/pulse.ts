import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Operation } from "../../../src/api.js";
import { onOperations } from "../../core/live.js";

/** What goes on in one pool. */
export interface Pulse {
  /** Grows with each flash, so that an animation begins anew. */
  readonly flash: number;
  readonly tone: "write" | "read" | "failed";
  /** Operations a second, over the last five. */
  readonly rate: number;
  /** Milliseconds, of the last minute; null when nothing happened. */
  readonly median: number | null;
  readonly p95: number | null;
  /** Operations of each second of the last minute, oldest first. */
  readonly seconds: readonly number[];
}

const windowSeconds = 60;
const rateSeconds = 5;
/** Latencies kept of one second: enough for a percentile, however many operations there are. */
const samplesPerSecond = 24;
const tickMs = 250;

const none: Pulse = {
  flash: 0,
  tone: "read",
  rate: 0,
  median: null,
  p95: null,
  seconds: new Array<number>(windowSeconds).fill(0),
};

class PoolHistory {
  readonly pulse: Signal<Pulse> = signal(none);
  readonly #counts = new Map<number, number>();
  readonly #samples = new Map<number, number[]>();
  #flash: Pulse["tone"] | undefined;

  /** `weight`: how many operations this one stands for, when the server told of a part only. */
  add({ verb, ms, failed }: Operation, second: number, weight: number): void {
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + weight);
    const samples = this.#samples.get(second) ?? [];
    if (samples.length < samplesPerSecond) samples.push(ms);
    this.#samples.set(second, samples);
    this.#flash = failed === null ? (verb === "remember" ? "read" : "write") : "failed";
  }

  /** Brings the signal up to date, once for however many operations there were. False: nothing is left to tell. */
  tick(second: number): boolean {
    for (const old of this.#counts.keys()) {
      if (old > second - windowSeconds) break;
      this.#counts.delete(old);
      this.#samples.delete(old);
    }
    const before = this.pulse.value;
    const seconds = none.seconds.map(
      (_, i) => this.#counts.get(second - windowSeconds + 1 + i) ?? 0,
    );
    // The second that is under way counts for what it has; so the rate looks one back.
    const recent = seconds.slice(-rateSeconds - 1, -1);
    const sorted = [...this.#samples.values()].flat().sort((a, b) => a - b);
    this.pulse.value = {
      flash: this.#flash === undefined ? before.flash : before.flash + 1,
      tone: this.#flash ?? before.tone,
      rate: recent.reduce((sum, n) => sum + n, 0) / rateSeconds,
      median: quantile(sorted, 0.5),
      p95: quantile(sorted, 0.95),
      seconds,
    };
    this.#flash = undefined;
    return this.#counts.size > 0;
  }
}

/** The pulses of all pools, from what the server tells. */
export class Pulses {
  readonly #pools = new Map<string, PoolHistory>();
  readonly #active = new Set<PoolHistory>();
  readonly #all = new PoolHistory();

  /** Of everything together. */
  readonly all: ReadonlySignal<Pulse> = this.#all.pulse;

  of(poolId: string): ReadonlySignal<Pulse> {
    return this.#historyOf(poolId).pulse;
  }

  add(operations: readonly Operation[], left: number): void {
    const second = Math.floor(Date.now() / 1000);
    const weight = 1 + left / Math.max(1, operations.length);
    for (const operation of operations) {
      for (const history of [this.#historyOf(operation.poolId), this.#all]) {
        history.add(operation, second, weight);
        this.#active.add(history);
      }
    }
  }

  tick(): void {
    const second = Math.floor(Date.now() / 1000);
    for (const history of this.#active) if (!history.tick(second)) this.#active.delete(history);
  }

  #historyOf(poolId: string): PoolHistory {
    const known = this.#pools.get(poolId);
    if (known) return known;
    const history = new PoolHistory();
    this.#pools.set(poolId, history);
    return history;
  }
}

function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? null;
}

/** Of the live set-up, for as long as the page lives. */
export const livePulses = new Pulses();
onOperations((operations, left) => livePulses.add(operations, left));
setInterval(() => livePulses.tick(), tickMs);
