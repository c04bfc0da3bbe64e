/** Of all rounds; in a table: `median (low – high) unit`. */
export interface Measurement {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly unit: string;
}

export type Row = Readonly<Record<string, string | number | Measurement>>;

/** Something that has to be true of the numbers. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  readonly limit: string;
  readonly met: boolean;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly bars: readonly Bar[];
}

export interface Size {
  /** Fewer and smaller: to see that it runs, not to judge by. */
  readonly quick: boolean;
  readonly rounds: number;
  /** The S3 server to use instead of this repository's own. */
  readonly endpoint?: string | undefined;
}

/** What is measured, by the name that chooses it. */
export type Suite = Readonly<Record<string, (size: Size) => Promise<Section | readonly Section[]>>>;

/** One way of writing, reading and forgetting values. */
export interface Verbs {
  write(values: readonly unknown[]): Promise<string[]>;
  read(keys: readonly string[]): Promise<unknown[]>;
  forget(keys: readonly string[]): Promise<void>;
}

/** A new, empty store: one call after the other, and all in one call. */
export type Store = () => { readonly "one by one": Verbs; readonly "all at once": Verbs };
