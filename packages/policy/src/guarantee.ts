import type { CentralMemory } from "./central-memory.js";
import type { Future } from "./future.js";

export declare class Guarantee implements AsyncDisposable {
  readonly memorize: CentralMemory["memorize"];
  readonly remember: CentralMemory["remember"];
  readonly forget: CentralMemory["forget"];
  track<T>(future: Future<T>): Future<T>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
