import { LailaError } from "@laila/schema";
import type { LayerConfig } from "../contract.js";

/** The first and only line that a durability child reads. */
export interface DurabilityTask {
  readonly laila_durability: 1;
  /** What the pool's class takes; secrets in plain text, which is why it does not go by the command line. */
  readonly config: Readonly<Record<string, unknown>>;
  /** As the pool's document has them, with secrets in plain text too. */
  readonly layers: readonly LayerConfig[];
  readonly global_id: string;
  readonly seed: number;
  readonly writers: number;
  readonly conditions: boolean;
  /** The numbers of this child's values begin here. */
  readonly first_number: number;
  /** Instead of writing until it is killed: so many increments of `counter`, and the end. */
  readonly increments?: number;
}

/** Which value a key has, or that it has none. */
export type State = number | "gone";

/** The lines that a durability child writes: what it is about to do before it does it, and what came of it. */
export type DurabilityReport =
  | { readonly event: "opening" | "ready" | "counted" }
  | { readonly event: "begin"; readonly key: string; readonly state: State }
  | { readonly event: "done" | "refused"; readonly key: string }
  | { readonly event: "failed"; readonly message: string };

/** UNSUPPORTED_VERSION for a task of another version of the suite. */
export function parseTask(line: string): DurabilityTask {
  const task = JSON.parse(line) as DurabilityTask;
  if (task.laila_durability !== 1) {
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      "This durability child speaks version 1 of its protocol, and was given another. Use one version of @laila/pool for the suite and for the child.",
    );
  }
  return task;
}
