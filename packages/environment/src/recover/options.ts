import type { Policy } from "@laila/policy";
import type { PoolClass, PoolLike } from "@laila/pool";
import type { ClassRegistry } from "@laila/schema";
import type { Places } from "../capture/paths.js";

/** "This secret may go to this place", said by the caller. */
export interface TrustRule {
  /** The secret's name, or `"ambient"` for what the machine itself has (the class's credential chain). */
  readonly secret: string;
  /** A URL origin such as `https://s3.example.org`; the class's token for a pool that names no destination. */
  readonly origin: string;
}

export interface RecoverOptions extends Places {
  /** The classes that the document may name; MemoryPool and AsyncTaskForce are known. */
  readonly poolClasses?: readonly PoolClass[] | undefined;
  /** Where the secrets' values are: what `readArgs` gave, or a plain object. */
  readonly args?: object | undefined;
  /** Which secrets may go where, beyond what is safe by itself. */
  readonly trust?: readonly TrustRule[] | undefined;
  /** Directories below which absolute paths of the document are accepted. */
  readonly allowPaths?: readonly string[] | undefined;
  /** Fields (camelCase) to use instead of the document's, by a pool's id or name. */
  readonly overrides?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /**
   * A live policy whose pools are taken over where id and captured configuration are equal: they move,
   * and closing that policy no longer closes them. Nothing moves when the recovery fails.
   */
  readonly reuse?: Policy | undefined;
  /** The namespace (a uuid) of nicknames: of `name`, and in the recovered policy. */
  readonly namespace?: string | undefined;
  /** The classes that the recovered policy can store. */
  readonly classes?: ClassRegistry | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A document that the caller has, and the pool that it was read from (without one, only own secret names are trusted). */
export interface RecoverDocument {
  readonly environment: unknown;
  readonly from?: PoolLike | undefined;
}

/** An environment that was saved under a name in a pool. */
export interface RecoverSaved {
  readonly name: string;
  readonly pool: PoolLike;
}
