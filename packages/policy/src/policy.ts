import type { PoolLike } from "@laila/pool";
import type { ClassRegistry, GlobalId } from "@laila/schema";
import type { TaskForce } from "./async-task-force.js";
import type { CentralCommand } from "./central-command.js";
import type { CentralCommunication } from "./central-communication.js";
import type { CentralMemory } from "./central-memory.js";
import type { Future } from "./future.js";
import type { Guarantee } from "./guarantee.js";

export interface PolicyOptions {
  /** Restores an identity, as a recovery does. */
  readonly globalId?: GlobalId | undefined;
  readonly nickname?: string | undefined;
  readonly namespace?: string | undefined;
  readonly classes?: ClassRegistry | undefined;
  readonly alphaPool?: PoolLike | undefined;
  readonly alphaTaskforce?: TaskForce | undefined;
  /** Ids of the central parts; derived from the policy's own unless given. */
  readonly globalIds?:
    | {
        readonly centralMemory?: GlobalId | undefined;
        readonly centralCommand?: GlobalId | undefined;
        readonly centralCommunication?: GlobalId | undefined;
        readonly poolRouter?: GlobalId | undefined;
      }
    | undefined;
}

export declare class Policy implements AsyncDisposable {
  constructor(options?: PolicyOptions);
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly namespace: string;
  readonly classes: ClassRegistry;
  readonly central: {
    readonly memory: CentralMemory;
    readonly command: CentralCommand;
    readonly communication: CentralCommunication;
  };
  guarantee<T>(fn: () => T | PromiseLike<T>): Future<T>;
  guarantee(): Guarantee;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
