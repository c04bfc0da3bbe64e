import type { EnvironmentDocument } from "@laila/core";

/** What the first process did. */
export interface FirstFacts {
  readonly environment: EnvironmentDocument;
  readonly manifestId: string;
  readonly leafIds: readonly string[];
}

/** What the second process found. */
export interface SecondFacts {
  readonly environment: EnvironmentDocument;
  /** The recovered policy, captured again. */
  readonly rebuilt: EnvironmentDocument;
  readonly pools: readonly {
    readonly id: string;
    readonly classToken: string;
    readonly nickname: string;
  }[];
  /** For each thing: was it remembered through the recovered pool, equal and of the same type? */
  readonly equal: Readonly<Record<string, boolean>>;
}
