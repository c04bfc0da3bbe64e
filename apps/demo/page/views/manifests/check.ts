import type { GlobalId } from "@laila/schema";
import { type Signal, signal } from "@preact/signals";
import type { LeafLine, LeavesEnd, ManifestSummary } from "../../../src/api.js";
import { ApiError, lines, pathOf, request } from "../../core/api.js";
import type { LeafState } from "./states.js";

/** A verification or a repair: the one under way, or the last one. */
export interface Run {
  readonly kind: "verify" | "repair";
  readonly done: number;
  /** The leaves, each once, and the manifest's own record; 0 until it is known. */
  readonly total: number;
  readonly isRunning: boolean;
  readonly isCancelled: boolean;
  /** Null until it has ended. */
  readonly end: LeavesEnd | null;
  readonly ms: number;
}

/** What is known of one manifest in one pool, for as long as the page lives. */
export interface Check {
  /** By id: an entry that is at two places in the blueprint is one entry. Mutable; a change comes with another `Check`. */
  readonly states: Map<GlobalId, LeafState>;
  readonly messages: Map<GlobalId, string>;
  readonly run: Run | null;
  readonly error: unknown;
  /** What was broken on purpose since the last verification. */
  readonly broken: string | null;
}

type Which = Pick<ManifestSummary, "poolId" | "id">;

const checks = new Map<string, Signal<Check>>();
const controllers = new WeakMap<Signal<Check>, AbortController>();

export function checkOf({ poolId, id }: Which): Signal<Check> {
  const key = `${poolId} ${id}`;
  const found =
    checks.get(key) ??
    signal<Check>({ states: new Map(), messages: new Map(), run: null, error: null, broken: null });
  checks.set(key, found);
  return found;
}

export function verify(which: Which): Promise<void> {
  const check = checkOf(which);
  check.value.states.clear();
  check.value.messages.clear();
  return run(check, "verify", `${pathOf("pools", which.poolId, "manifests", which.id)}/verify`, {});
}

/** Brings what is not whole from other pools. */
export function repair(which: Which, from: readonly GlobalId[]): Promise<void> {
  const path = `${pathOf("pools", which.poolId, "manifests", which.id)}/repair`;
  return run(checkOf(which), "repair", path, { from });
}

export function cancel(which: Which): void {
  controllers.get(checkOf(which))?.abort();
}

/** Breaks a leaf on purpose: deletes its entry, or flips one of its bits. What is known of it is known no more. */
export async function breakLeaf(
  which: Which,
  { id, path }: { readonly id: GlobalId; readonly path: string },
  how: "forget" | "flip",
): Promise<void> {
  const check = checkOf(which);
  const entry = pathOf("pools", which.poolId, "entries", id);
  try {
    if (how === "forget") await request(entry, { method: "DELETE" });
    else await request(`${entry}/damage`, { method: "POST" });
    check.value.states.delete(id);
    check.value.messages.delete(id);
    const did = how === "forget" ? "was forgotten" : "has a flipped bit now";
    check.value = { ...check.value, error: null, broken: `${path} ${did}. Verify again.` };
  } catch (error) {
    check.value = { ...check.value, error };
  }
}

async function run(
  check: Signal<Check>,
  kind: Run["kind"],
  path: string,
  body: object,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  controllers.set(check, controller);
  const { states, messages } = check.value;
  const began = performance.now();
  const now = { kind, done: 0, total: 0, isRunning: true, isCancelled: false, end: null, ms: 0 };
  let state: Run = now;
  const show = (error: unknown = null): void => {
    state = { ...state, ms: performance.now() - began };
    check.value = { ...check.value, run: state, error, broken: null };
  };
  // Not on every line: there may be ten thousand in a second.
  const ticking = setInterval(show, 80);
  show();
  try {
    for await (const line of lines<LeafLine | LeavesEnd>(path, { method: "POST", body, signal })) {
      if ("ok" in line) state = { ...state, end: line };
      else {
        states.set(line.id, line.outcome);
        if (line.message === null) messages.delete(line.id);
        else messages.set(line.id, line.message);
        state = { ...state, done: line.done, total: line.total };
      }
    }
    state = { ...state, isRunning: false };
    show(state.end === null ? brokenOff() : null);
  } catch (error) {
    state = { ...state, isRunning: false, isCancelled: signal.aborted };
    show(signal.aborted ? null : error instanceof ApiError ? error : brokenOff(error));
  } finally {
    clearInterval(ticking);
  }
}

function brokenOff(cause?: unknown): ApiError {
  const message = "The answer broke off before its end. Is the set-up still running?";
  return new ApiError({ code: "UNREACHABLE", message }, { cause });
}
