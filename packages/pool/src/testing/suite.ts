import { type ErrorCode, isLailaError, type LailaError } from "@laila/schema";
import type { PoolClass, PoolLike, Supports } from "../contract.js";
import { fail, rejection, settles } from "./assertions.js";
import type { ChildOption } from "./killable.js";
import { recapture } from "./recapture.js";

/** What the suite needs of a test runner; vitest's and jest's own functions fit, and node:test's. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>, timeoutMilliseconds?: number): unknown;
  /** Closes the pool that most tests share; without it, a last test does. */
  afterAll?(body: () => Promise<void>): unknown;
}

export interface PoolUnderTest {
  readonly pool: PoolLike;
  /** Removes what lay behind the pool. Called after the pool (and whatever was reopened) is closed. */
  dispose?(): Promise<void> | void;
}

export interface DescribePoolOptions {
  /**
   * A new pool on storage that is empty and that no other pool uses: another prefix, another file.
   * Called about sixty times; the pool need not be open.
   */
  create(): PoolUnderTest | Promise<PoolUnderTest>;
  /**
   * Another pool object on the storage of `pool`, which is closed, or (where
   * `supports.sharedBetweenProcesses`) still open. Unless given, it is made of `pool.toConfig()`.
   */
  reopen?(pool: PoolLike): PoolLike | Promise<PoolLike>;
  /** What the pool must declare, and what decides which promises are checked. */
  readonly supports: Supports;
  /** The class, where it is not the pool's constructor. */
  readonly poolClass?: PoolClass;
  /** Values that must not show in any error, `inspect` or JSON. */
  readonly secrets?: readonly string[];
  /** Runs of the property tests: 200, or fewer for an endpoint that is far away. */
  readonly runs?: number;
  /**
   * Needed where `supports.durable`: how to start a program that calls `runDurabilityChild` with the
   * pool's class. It is killed while it writes; the pool it works on is one of `create()`.
   */
  readonly child?: ChildOption;
  /** Kills of the child: 50, or fewer where opening and closing the pool takes more than half a second. */
  readonly rounds?: number;
  /**
   * Makes the storage do what this pool asks next, and the answer get lost on its way. Without it lost
   * replies are not tested: leave it out where between the pool and its storage nothing can get lost.
   */
  loseReply?(pool: PoolLike): void | Promise<void>;
  /**
   * A pool whose storage is not there: a port where nobody listens, a directory that is a file. Without it
   * nothing tells a pool that swallows such errors from one that does not.
   */
  unreachable?(): PoolUnderTest | Promise<PoolUnderTest>;
}

/** What one test works with; whatever it makes is closed and disposed of when the test ends. */
export interface Room {
  /** The pool that tests share. Others' keys are in it: use keys of {@link key}. */
  readonly pool: PoolLike;
  /** A key of this test alone. */
  key(name?: string): string;
  /** A pool on empty storage of its own. */
  fresh(): Promise<PoolLike>;
  /** Takes a pool that was made elsewhere; it is closed and disposed of with the others. */
  use(made: PoolUnderTest): PoolLike;
  reopen(pool: PoolLike): Promise<PoolLike>;
  /** As {@link rejection}, and the error is kept for the search for secrets. */
  rejects(
    promise: Promise<unknown>,
    code: ErrorCode | readonly ErrorCode[],
    what: string,
  ): Promise<LailaError>;
}

const testTimeout = 120_000;
const propertyRuns = 200;
const killRounds = 50;

/** Registers tests and gives each its room. */
export class Suite {
  readonly supports: Supports;
  readonly secrets: readonly string[];
  readonly runs: number;
  readonly rounds: number;
  readonly child: ChildOption | undefined;
  readonly loseReply: DescribePoolOptions["loseReply"];
  readonly unreachable: DescribePoolOptions["unreachable"];
  /** Every error that a test provoked. */
  readonly errors: unknown[] = [];
  readonly #options: DescribePoolOptions;
  readonly #runner: Runner;
  #shared: Promise<PoolUnderTest> | undefined;
  #rooms = 0;

  constructor(options: DescribePoolOptions, runner: Runner) {
    this.#options = options;
    this.#runner = runner;
    this.supports = options.supports;
    this.secrets = options.secrets ?? [];
    this.runs = Math.max(1, Math.min(options.runs ?? propertyRuns, propertyRuns));
    this.rounds = Math.max(1, Math.min(options.rounds ?? killRounds, killRounds));
    this.child = options.child;
    this.loseReply = options.loseReply;
    this.unreachable = options.unreachable;
  }

  /** Keeps an error for the search for secrets; anything but a LailaError is a failure. */
  laila(error: unknown): LailaError {
    if (!isLailaError(error)) fail("The pool failed with an error that is no LailaError.", error);
    this.errors.push(error);
    return error;
  }

  floor(name: string, body: () => void): void {
    this.#runner.describe(name, body);
  }

  it(name: string, test: (room: Room) => Promise<void>, timeout = testTimeout): void {
    this.#runner.it(
      name,
      async () => {
        const made: PoolUnderTest[] = [];
        const room = await this.#room(made);
        // The test's own failure is told, not what follows from it when its pools are closed.
        const [outcome] = await Promise.allSettled([test(room)]);
        const [closed] = await Promise.allSettled([dispose(made)]);
        for (const { status, ...rest } of [outcome, closed]) {
          if (status === "rejected" && "reason" in rest) throw rest.reason;
        }
      },
      timeout,
    );
  }

  classOf(pool: PoolLike): PoolClass {
    const cls = this.#options.poolClass ?? (pool.constructor as PoolClass);
    if (!("configSchema" in cls) || !("classToken" in cls)) {
      fail(
        "The pool's class declares no static configSchema and classToken. Declare them, or give the suite poolClass.",
      );
    }
    return cls;
  }

  /** Closes the shared pool, at the end. */
  finish(): void {
    const close = async (): Promise<void> => {
      const shared = await this.#shared;
      if (shared) await dispose([shared]);
    };
    if (this.#runner.afterAll) this.#runner.afterAll(close);
    else this.#runner.it("closes the pool that the tests shared", close, testTimeout);
  }

  async #room(made: PoolUnderTest[]): Promise<Room> {
    this.#shared ??= Promise.resolve(this.#options.create());
    const { pool } = await this.#shared;
    const prefix = `${(++this.#rooms).toString(36)}~`;
    let keys = 0;
    return {
      pool,
      key: (name = `key ${++keys}`) => prefix + name,
      fresh: async () => {
        const own = await this.#options.create();
        made.push(own);
        return own.pool;
      },
      use: (own) => {
        made.push(own);
        return own.pool;
      },
      reopen: async (old) => {
        const again = await (this.#options.reopen?.(old) ?? recapture(this.classOf(old), old));
        if (again === old) fail("reopen must give another pool object than the one it was given.");
        made.push({ pool: again });
        return again;
      },
      rejects: async (promise, code, what) => {
        const error = await rejection(promise, typeof code === "string" ? [code] : code, what);
        this.errors.push(error);
        return error;
      },
    };
  }
}

/** Every pool is closed before anything under one of them is removed; one failure doesn't keep the others. */
async function dispose(made: readonly PoolUnderTest[]): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (act: () => Promise<void> | void): Promise<void> => {
    try {
      await act();
    } catch (error) {
      failures.push(error);
    }
  };
  for (const { pool } of made.toReversed()) await attempt(() => settles(pool.close(), "close"));
  for (const own of made) await attempt(() => own.dispose?.());
  if (failures.length > 0) throw failures[0];
}
