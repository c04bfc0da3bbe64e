import { signal } from "@preact/signals";
import type { Life, Operation, OperationsEvent, Setup } from "../../src/api.js";
import { ask } from "./api.js";

/** The state of the set-up's process; null until it is known. */
export const life = signal<Life | null>(null);
/** The live set-up; the last one known while the process is down. */
export const setup = signal<Setup | null>(null);
/** False while the keeper itself does not answer. */
export const isConnected = signal(true);

type Listener = (operations: readonly Operation[], left: number) => void;
const listeners = new Set<Listener>();

/** Tells of operations as they come, in batches; gives what ends it. */
export function onOperations(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let lastAsked = 0;

/** Asks for the set-up again, and gives it. A set-up that is down keeps the picture that was, and gives null. */
export async function refreshSetup(): Promise<Setup | null> {
  const mine = ++lastAsked;
  try {
    const now = await ask<Setup>("setup");
    // What was asked for later is newer, whichever answer comes first.
    if (mine === lastAsked) setup.value = now;
    return now;
  } catch {
    // `life` says why.
    return null;
  }
}

/** Asks for what changes without an event: the sizes of files. */
export async function refreshFiles(): Promise<void> {
  try {
    const { state, files } = await ask<Life>("life");
    // An answer from before the last event would bring back what is over.
    if (life.value?.state === state) life.value = { ...life.value, files };
  } catch {
    // `isConnected` says why.
  }
}

/** Subscribes to the server's events, once, for as long as the page lives. The browser reconnects by itself. */
export function connect(): void {
  const source = new EventSource("./api/events");
  const on = <T>(type: string, act: (data: T) => void): void =>
    source.addEventListener(type, (event) => act(JSON.parse((event as MessageEvent<string>).data)));
  source.onopen = () => {
    isConnected.value = true;
    void refreshSetup();
  };
  source.onerror = () => {
    isConnected.value = false;
  };
  on<Life>("life", (now) => {
    const wasDown = life.value?.state !== "running";
    life.value = now;
    if (wasDown && now.state === "running") void refreshSetup();
  });
  on<OperationsEvent>("operations", ({ operations, left }) => {
    for (const listener of listeners) listener(operations, left);
  });
  on("setup", () => void refreshSetup());
}
