import { isWellFormed, uuidOf } from "@laila/schema";
import { signal } from "@preact/signals";
import type { EntryHead, HeadsRequest, KeysEnd, Operation } from "../../../src/api.js";
import { ask, lines, pathOf } from "../../core/api.js";

/** How many heads are asked for at once. */
const headsBatch = 60;

/** The keys of a pool as they come, and the heads of those that were looked at. */
export class PoolKeys {
  readonly poolId: string;
  readonly prefix: string;
  /** Raised when keys have come or gone, so that who shows them shows them again. */
  readonly version = signal(0);
  /** The same for heads. */
  readonly headsVersion = signal(0);
  readonly isLoading = signal(false);
  readonly error = signal<unknown>(null);
  #keys: string[] = [];
  #known: Set<string> | undefined;
  readonly #heads = new Map<string, EntryHead>();
  #wanted: readonly string[] = [];
  #isAsking = false;
  readonly #abort = new AbortController();

  /** `isUp`: false while nobody could answer, and then nothing is asked. */
  constructor(poolId: string, prefix: string, isUp: boolean) {
    this.poolId = poolId;
    this.prefix = prefix;
    this.isLoading.value = isUp;
    if (isUp) void this.#load();
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  close(): void {
    this.#abort.abort();
  }

  head(key: string): EntryHead | undefined {
    return this.#heads.get(key);
  }

  /** The keys to have heads of: those that can be seen. What was wanted before is not asked for any more. */
  want(keys: readonly string[]): void {
    this.#wanted = keys;
    if (!this.#isAsking) void this.#askHeads();
  }

  /** To be asked for again: it was changed. */
  forgetHead(key: string): void {
    this.#heads.delete(key);
    this.headsVersion.value++;
  }

  /** What was seen when it was opened. */
  know(head: EntryHead): void {
    this.#heads.set(head.key, head);
    this.headsVersion.value++;
  }

  add(key: string): void {
    this.#known ??= new Set(this.#keys);
    if (!key.startsWith(this.prefix) || this.#known.has(key)) return;
    this.#known.add(key);
    this.#keys.push(key);
    this.version.value++;
  }

  remove(keys: ReadonlySet<string>): void {
    this.#known ??= new Set(this.#keys);
    if (![...keys].some((key) => this.#known?.delete(key))) return;
    this.#keys = this.#keys.filter((key) => !keys.has(key));
    this.version.value++;
  }

  /** What others did in the pool meanwhile. */
  follow(operations: readonly Operation[]): void {
    const gone = new Set<string>();
    for (const { poolId, key, verb, failed } of operations) {
      if (poolId !== this.poolId || failed !== null) continue;
      if (verb === "forget") gone.add(key);
      if (verb !== "memorize") continue;
      gone.delete(key);
      this.add(key);
      if (this.#heads.has(key)) this.forgetHead(key);
    }
    if (gone.size > 0) this.remove(gone);
  }

  /**
   * Those with the text in their id, with the text as their nickname (whose id is computed), and those
   * whose nickname holds it, of the heads that are known.
   */
  search(text: string): readonly string[] {
    const wanted = text.trim();
    if (wanted === "") return this.#keys;
    if (wanted.startsWith("LAILA:")) return this.#keys.filter((key) => key.startsWith(wanted));
    // Half of a character, while it is typed, has no id.
    const uuid = isWellFormed(wanted) ? uuidOf(wanted) : wanted;
    const low = wanted.toLowerCase();
    return this.#keys.filter(
      (key) =>
        key.includes(uuid) ||
        key.toLowerCase().includes(low) ||
        this.#heads.get(key)?.nickname?.toLowerCase().includes(low),
    );
  }

  async #load(): Promise<void> {
    const { signal: aborted } = this.#abort;
    const path = `${pathOf("pools", this.poolId, "keys")}?prefix=${encodeURIComponent(this.prefix)}`;
    try {
      for await (const line of lines<string[] | KeysEnd>(path, { signal: aborted })) {
        if (!Array.isArray(line)) continue;
        const fresh = this.#known ? line.filter((key) => !this.#known?.has(key)) : line;
        for (const key of fresh) this.#known?.add(key);
        for (const key of fresh) this.#keys.push(key);
        this.version.value++;
      }
    } catch (error) {
      if (!aborted.aborted) this.error.value = error;
    }
    this.isLoading.value = false;
  }

  async #askHeads(): Promise<void> {
    this.#isAsking = true;
    for (;;) {
      const keys = this.#wanted.filter((key) => !this.#heads.has(key)).slice(0, headsBatch);
      if (keys.length === 0 || this.#abort.signal.aborted) break;
      await this.#askFor(keys);
    }
    this.#isAsking = false;
  }

  async #askFor(keys: readonly string[]): Promise<void> {
    try {
      const heads = await ask<readonly EntryHead[]>(pathOf("pools", this.poolId, "heads"), {
        body: { keys } satisfies HeadsRequest,
        signal: this.#abort.signal,
      });
      for (const head of heads) this.#heads.set(head.key, head);
    } catch (error) {
      // The list goes on without: what is behind a key is seen when it is opened.
      const message = error instanceof Error ? error.message : String(error);
      const unknown = { nickname: null, kind: null, bytes: null, timestamp: null };
      for (const key of keys)
        this.#heads.set(key, {
          ...unknown,
          key,
          state: "failed",
          failure: { code: "FAILED", message },
        });
    }
    this.headsVersion.value++;
  }
}
