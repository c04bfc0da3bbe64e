import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { abortError, LailaError, Slots } from "@laila/pool";
import { failedWith } from "./errors.js";
import { files, unlinkIfThere } from "./files.js";
import { type Identity, isLocalDisk, judge, parseIdentity } from "./identity.js";
import type { Layout } from "./layout.js";
import type { Writer } from "./writer.js";

export interface KeyLocksOptions {
  /** Take those for gone of whom nobody can tell whether they live. */
  readonly force?: boolean | undefined;
  /** How long to wait for a holder that lives, in milliseconds. */
  readonly patience?: number | undefined;
}

const defaultPatience = 30_000;
const longestPause = 16;
/** So many dead breakers one behind the other are a circle, made by force. */
const deepest = 16;

/**
 * One lock for each key, between processes: a file `locks/<hash of the key>` that is a hard link to its
 * holder's own file, so that taking it is one atomic call and it says from its first moment whose it is.
 *
 * Only two may remove the lock of a holder: the holder, and, once the holder is known to be gone, whoever has
 * the lock `locks/<holder>.break` and has looked again since he got it. The first can't, being gone, and of
 * the second there is one; so what he looked at is what he removes, and never somebody's new lock. A breaker
 * who dies leaves a lock like any other, broken in the same way.
 */
export class KeyLocks {
  readonly #layout: Layout;
  readonly #writer: Writer;
  readonly #force: boolean;
  readonly #patience: number;
  /** The last in the queue for each lock, among this pool's own calls. */
  readonly #queues = new Map<string, Promise<void>>();
  /** A file may have only so many hard links: 1,024 on NTFS. */
  readonly #room = new Slots(128);
  #local: Promise<boolean> | undefined;

  constructor(layout: Layout, writer: Writer, options: KeyLocksOptions = {}) {
    this.#layout = layout;
    this.#writer = writer;
    this.#force = options.force ?? false;
    this.#patience = options.patience ?? defaultPatience;
  }

  /**
   * Runs `act` while nobody else, here or elsewhere, holds the lock of this name. LOCKED when its holder
   * lives and doesn't let go; ABORTED, TIMEOUT through the signal, as long as it waits.
   */
  async hold<T>(name: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    return this.#hold(name, signal, act, 0);
  }

  /** Breaks the lock of this name if its holder is gone. */
  async clear(name: string): Promise<void> {
    const holder = await this.#holderOf(name);
    if (holder && (await this.isGone(holder.identity))) await this.#break(name, holder, 0);
  }

  /** Whether what this pool has may be taken away: it has ended, or the user says that it has. */
  async isGone(identity: Identity | undefined): Promise<boolean> {
    this.#local ??= isLocalDisk(this.#layout.root);
    const local = await this.#local;
    const verdict = identity ? judge(identity, this.#writer.identity, { local }) : "unknown";
    return verdict === "gone" || (this.#force && verdict === "unknown");
  }

  async #hold<T>(
    name: string,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
    depth: number,
  ): Promise<T> {
    const before = this.#queues.get(name);
    const { promise: turn, resolve: next } = withResolvers();
    this.#queues.set(name, turn);
    try {
      await before;
      const held = (): Promise<T> => this.#whileTaken(name, signal, act, depth);
      // Who breaks a lock is inside already: waiting for room, he would wait for himself.
      return await (depth > 0 ? held() : this.#room.run(held));
    } finally {
      next();
      if (this.#queues.get(name) === turn) this.#queues.delete(name);
    }
  }

  async #whileTaken<T>(
    name: string,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
    depth: number,
  ): Promise<T> {
    await this.#take(name, signal, depth);
    let result: T;
    try {
      result = await act();
    } catch (error) {
      // What went wrong first is told; a lock that stays goes stale with this process.
      await unlinkIfThere(this.#path(name)).catch(() => false);
      throw error;
    }
    if (!(await unlinkIfThere(this.#path(name)))) throw this.#takenAway(name);
    return result;
  }

  async #take(name: string, signal: AbortSignal | undefined, depth: number): Promise<void> {
    await this.#writer.register();
    const end = performance.now() + this.#patience;
    for (let pause = 1; ; pause = Math.min(pause * 2, longestPause)) {
      if (signal?.aborted) throw abortError(signal);
      if (await this.#place(name)) return;
      const holder = await this.#holderOf(name);
      if (!holder) continue;
      // A network file system that repeated our own link after its reply was lost.
      if (holder.identity?.nonce === this.#writer.identity.nonce) return;
      if (await this.isGone(holder.identity)) {
        await this.#break(name, holder, depth);
        continue;
      }
      if (performance.now() > end) throw this.#locked(name, holder);
      await wait(pause * (0.5 + Math.random()));
    }
  }

  /** False when somebody has it. */
  async #place(name: string): Promise<boolean> {
    try {
      await files.link(this.#writer.path, this.#path(name));
      return true;
    } catch (cause) {
      if (failedWith(cause, "EEXIST")) return false;
      if (!failedWith(cause, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw cause;
      throw noHardLinks(this.#layout.root, cause);
    }
  }

  async #break(name: string, judged: Holder, depth: number): Promise<void> {
    if (depth === deepest) throw this.#locked(name, judged);
    const breaking = `${judged.identity?.nonce ?? "unknown"}.break`;
    await this.#hold(
      breaking,
      undefined,
      async () => {
        const now = await this.#holderOf(name);
        if (now?.text === judged.text) await unlinkIfThere(this.#path(name));
      },
      depth + 1,
    );
  }

  /** Undefined when nobody has it. */
  async #holderOf(name: string): Promise<Holder | undefined> {
    try {
      const text = await files.readText(this.#path(name));
      return { text, identity: parseIdentity(text) };
    } catch (error) {
      if (failedWith(error, "ENOENT")) return undefined;
      // Another user's: there, and that is all we know.
      if (failedWith(error, "EACCES")) return { text: "", identity: undefined };
      throw error;
    }
  }

  #path(name: string): string {
    return join(this.#layout.locks, name);
  }

  #locked(name: string, { identity }: Holder): LailaError {
    const path = this.#path(name);
    const who = identity
      ? `process ${identity.pid} on ${identity.host}`
      : "a process that cannot be named";
    return new LailaError(
      "LOCKED",
      `The key is being changed by ${who} (${path}), which did not finish in time. Try again; if you are certain that it is gone, open the pool with forceUnlock: true.`,
      { details: { path, ...(identity ? { pid: identity.pid, host: identity.host } : {}) } },
    );
  }

  #takenAway(name: string): LailaError {
    const path = this.#path(name);
    return new LailaError(
      "LOCKED",
      `Somebody removed the lock ${path} while this process held it. What was written may be there or not: read it again.`,
      { details: { path, outcome: "unknown" } },
    );
  }
}

interface Holder {
  readonly text: string;
  readonly identity: Identity | undefined;
}

function noHardLinks(path: string, cause: unknown): LailaError {
  return new LailaError(
    "UNSUPPORTED",
    `The file system of ${path} has (or allows) no hard links, by which writers keep out of each other's way. Put the pool's directory on another one.`,
    { cause, details: { path } },
  );
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
