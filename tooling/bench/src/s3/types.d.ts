/** Where a bucket is, and what opens it. */
export interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  close(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** The same bucket, so many milliseconds of round trip farther away. */
  at(latency: number): Promise<Place>;
  /** How many requests have come since the last time; NaN where nobody counts. */
  requests(): Promise<number>;
  close(): Promise<void>;
}

export interface Item {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** One way of using a bucket. Each call does all of its work, in its own best way at that concurrency. */
export interface Rival {
  put(items: readonly Item[]): Promise<void>;
  get(keys: readonly string[]): Promise<Uint8Array[]>;
  delete(keys: readonly string[]): Promise<void>;
  /** The same in one call, where there is one. */
  readonly many?: Pick<Rival, "put" | "get" | "delete">;
  close(): Promise<void>;
}

export type OpenRival = (place: Place) => Promise<Rival>;
