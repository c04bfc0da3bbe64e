import { Future } from "./future.js";

export declare class GroupFuture<T extends readonly unknown[]> extends Future<T> {
  readonly size: number;
  settled(): Promise<PromiseSettledResult<T[number]>[]>;
}
