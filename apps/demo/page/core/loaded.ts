import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError } from "./api.js";
import { life } from "./live.js";

/** What was asked of the server, as far as it is known. */
export interface Loaded<T> {
  /** The last one known, also while the set-up is down or an answer failed. */
  readonly value: T | null;
  readonly error: unknown;
  readonly isLoading: boolean;
}

const nothing: Loaded<never> = { value: null, error: null, isLoading: false };
const known = new Map<string, Signal<Loaded<unknown>>>();
const latest = new Map<string, symbol>();

function stateOf<T>(key: string): Signal<Loaded<T>> {
  const found = known.get(key) ?? signal<Loaded<unknown>>(nothing);
  known.set(key, found);
  return found as Signal<Loaded<T>>;
}

/**
 * Loads under a key, and again when the key or `when` changes or the set-up has come back. What is known is
 * kept for as long as the page lives.
 */
export function useLoaded<T>(key: string, load: () => Promise<T>, when?: unknown): Loaded<T> {
  const isUp = life.value?.state === "running";
  useEffect(() => {
    if (isUp) void refresh(key, load);
    // `load` is another function on every call, and does the same for the same key.
  }, [key, isUp, when]);
  return stateOf<T>(key).value;
}

/** Asks again; what is known stays until the answer is there. */
export async function refresh<T>(key: string, load: () => Promise<T>): Promise<void> {
  const state = stateOf<T>(key);
  const mine = Symbol();
  latest.set(key, mine);
  state.value = { ...state.value, isLoading: true };
  try {
    const value = await load();
    if (latest.get(key) === mine) state.value = { value, error: null, isLoading: false };
  } catch (error) {
    if (latest.get(key) !== mine) return;
    // That it is down, `life` says.
    const isDown = error instanceof ApiError && error.code === "DOWN";
    state.value = { ...state.value, error: isDown ? null : error, isLoading: false };
  }
}

/** Takes an answer that came with something else. */
export function put<T>(key: string, value: T): void {
  latest.delete(key);
  stateOf<T>(key).value = { value, error: null, isLoading: false };
}
