import { MemoryPool, type PoolLike } from "@laila/pool";
import {
  ClassRegistry,
  defaultNamespace,
  formatGlobalId,
  type GlobalId,
  globalIdOf,
  isGlobalId,
  isLailaError,
  isUuid,
  LailaError,
  newUuid,
  parseGlobalId,
  type Scope as ScopeName,
  uuidOf,
} from "@laila/schema";
import { AsyncTaskForce, type TaskForce } from "./async-task-force.js";
import { checkOptions } from "./call-options.js";
import { CentralCommand } from "./central-command.js";
import { CentralCommunication } from "./central-communication.js";
import { CentralMemory } from "./central-memory.js";
import type { Future } from "./future.js";
import { Guarantee, type GuaranteeOptions, guaranteed } from "./guarantee.js";
import { combine } from "./multiple.js";
import { PoolIo } from "./pool-io.js";
import { PoolRouter } from "./pool-router.js";
import { Runtime } from "./runtime.js";

/** Ids of the central parts. Those that are not given are derived from the policy's own. */
export interface CentralIds {
  readonly centralMemory?: GlobalId | undefined;
  readonly centralCommand?: GlobalId | undefined;
  readonly centralCommunication?: GlobalId | undefined;
  readonly poolRouter?: GlobalId | undefined;
}

export interface PolicyOptions {
  /** Restores an identity; otherwise it is the nickname's, or a fresh one. */
  readonly globalId?: GlobalId | undefined;
  readonly nickname?: string | undefined;
  /** The namespace of nicknames (a uuid); LAILA's own unless given. */
  readonly namespace?: string | undefined;
  /** The classes whose instances can be stored. */
  readonly classes?: ClassRegistry | undefined;
  /** Where everything without an address goes; a `MemoryPool` unless given. */
  readonly alphaPool?: PoolLike | undefined;
  /** What pool operations run on; an `AsyncTaskForce` of 64 unless given. */
  readonly alphaTaskforce?: TaskForce | undefined;
  readonly globalIds?: CentralIds | undefined;
}

const policyNames: readonly (keyof PolicyOptions)[] = [
  "globalId",
  "nickname",
  "namespace",
  "classes",
  "alphaPool",
  "alphaTaskforce",
  "globalIds",
];

/** Who does things: a memory with its pools, a command with its taskforces, and communication. */
export class Policy implements AsyncDisposable {
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly namespace: string;
  readonly classes: ClassRegistry;
  readonly central: {
    readonly memory: CentralMemory;
    readonly command: CentralCommand;
    readonly communication: CentralCommunication;
  };
  readonly #runtime: Runtime;
  #closing: Promise<void> | undefined;

  /** Does no I/O. INVALID_ARGUMENT (a namespace that is no uuid, an evicting alpha pool), INVALID_ID. */
  constructor(given?: PolicyOptions) {
    const options = checkOptions("Policy", given, policyNames);
    const {
      nickname,
      namespace = defaultNamespace,
      classes = new ClassRegistry(),
      globalIds = {},
    } = options;
    if (!isUuid(namespace)) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `The namespace ${JSON.stringify(namespace)} is no uuid. Make one from a key with namespaceFor(key).`,
      );
    }
    this.nickname = nickname;
    this.namespace = namespace;
    this.classes = classes;
    this.globalId =
      options.globalId === undefined
        ? policyId(nickname, namespace)
        : checked(options.globalId, "POLICY");
    const { uuid } = parseGlobalId(this.globalId);
    const part = (scope: ScopeName, given: GlobalId | undefined, name: string = scope): GlobalId =>
      given === undefined
        ? formatGlobalId({ scopes: [scope], uuid: uuidOf(name, uuid) })
        : checked(given, scope);

    const alphaTaskforce =
      options.alphaTaskforce ?? new AsyncTaskForce({}, { globalId: part("TASK_FORCE", undefined) });
    const command = new CentralCommand(
      part("CENTRAL_COMMAND", globalIds.centralCommand),
      alphaTaskforce,
    );
    const alphaPool =
      options.alphaPool ?? new MemoryPool({}, { globalId: part("POOL", undefined) });
    this.#runtime = new Runtime(this.globalId);
    const memory = new CentralMemory({
      globalId: part("CENTRAL_MEMORY", globalIds.centralMemory),
      namespace,
      poolRouter: new PoolRouter(part("POOL_ROUTER", globalIds.poolRouter), alphaPool),
      io: new PoolIo(command, this.globalId, classes),
      runtime: this.#runtime,
    });
    const communication = new CentralCommunication(
      part("CENTRAL_COMMUNICATION", globalIds.centralCommunication),
    );
    this.central = Object.freeze({ memory, command, communication });
  }

  /**
   * Runs a function, and settles when everything that was started in it, also after its awaits, has
   * landed. Rejects with what the function threw and with what it did not observe itself; with
   * MULTIPLE when that is more than one. INVALID_ARGUMENT when it is given no function.
   *
   * Only operations are waited for: what a timer, an event, or an async function that nobody awaits
   * (`list.forEach(async …)`) starts after that is not covered. It counts as started outside, and the
   * first of them is warned of (LAILA_LATE_OPERATION).
   */
  guarantee<T>(fn: () => T | PromiseLike<T>, options?: GuaranteeOptions): Future<T>;
  /** A guarantee as an object, for `await using g = policy.guarantee()`. */
  guarantee(): Guarantee;
  guarantee<T>(fn?: () => T | PromiseLike<T>, options?: GuaranteeOptions): Future<T> | Guarantee {
    if (fn === undefined) return new Guarantee(this.#runtime, this.central.memory);
    return guaranteed(this.#runtime, fn, options);
  }

  /**
   * Takes nothing new, waits for what is under way, then closes taskforces, connections and every
   * registered pool. Rejects with failures nobody observed and with what closing met (MULTIPLE when
   * more than one; a single unobserved failure keeps its code and is the `cause`); everything is closed
   * nevertheless. Closing twice is fine.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toJSON(): object {
    return { globalId: this.globalId, nickname: this.nickname };
  }

  async #shutDown(): Promise<void> {
    this.#runtime.stop();
    await this.#runtime.bank.drained();
    const { memory, command, communication } = this.central;
    const { pools, retired } = memory.poolRouter;
    const closings = await Promise.allSettled([
      command.close(),
      ...[...communication.connections.values()].map(async (connection) => connection.close?.()),
      ...[...pools.values(), ...retired].map((pool) => pool.close()),
    ]);
    const { errors, uncounted } = this.#runtime.takeFailures();
    const closed = closings.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    const failure = combine(
      [...errors, ...closed],
      `The policy ${this.globalId} is closed, but not everything went well`,
      uncounted,
    );
    if (failure) throw closed.length > 0 ? failure.error : unawaited(failure.error);
  }
}

/** Whoever closes a policy is far from the call that failed: a single failure says where it is from. */
function unawaited(error: unknown): unknown {
  if (isLailaError(error, "MULTIPLE")) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = isLailaError(error) ? { code: error.code, details: error.details } : undefined;
  return new LailaError(
    known?.code ?? "MULTIPLE",
    `The policy is closed; an operation that nobody awaited had failed: ${message}`,
    { cause: error, ...(known ? { details: known.details } : { errors: [error] }) },
  );
}

function policyId(nickname: string | undefined, namespace: string): GlobalId {
  if (nickname !== undefined) return globalIdOf(nickname, { scope: "POLICY", namespace });
  return formatGlobalId({ scopes: ["POLICY"], uuid: newUuid() });
}

function checked(globalId: GlobalId, scope: ScopeName): GlobalId {
  if (isGlobalId(globalId, scope)) return globalId;
  throw new LailaError(
    "INVALID_ID",
    `${JSON.stringify(globalId)} is not a global id with the scope ${scope}.`,
  );
}
