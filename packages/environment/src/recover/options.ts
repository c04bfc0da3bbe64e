import type { KeyObject } from "node:crypto";
import type { Policy } from "@laila/policy";
import type { PoolClass, PoolLike } from "@laila/pool";
import type { ClassRegistry } from "@laila/schema";
import type { Places } from "../capture/paths.js";
import type { VersionSelector } from "../saved/version.js";
import type { Unlock } from "../sealed/age.js";
import type { SecretResolver } from "../secrets/resolvers.js";

/** "This secret may go to this place", said by the caller. */
export interface TrustRule {
  /** The secret's name, or `"ambient"` for what the machine itself has (the class's credential chain). */
  readonly secret: string;
  /** A URL origin such as `https://s3.example.org`; the class's token for a pool that names no destination. */
  readonly origin: string;
}

/** What may differ from the version that was accepted last, if the caller approves it. */
export type Approval = "encryption" | "proxies" | "alpha_pool" | "version";

export interface RecoverOptions extends Places, Unlock {
  /** The classes that the document may name; MemoryPool and AsyncTaskForce are known. */
  readonly poolClasses?: readonly PoolClass[] | undefined;
  /** Where the secrets' values are: what `readArgs` gave, or a plain object. */
  readonly args?: object | undefined;
  /** Where else to look, in this order, for what neither `args` nor the sealed values have. */
  readonly resolvers?: readonly SecretResolver[] | undefined;
  /**
   * Some pools only, by id or name. The alpha pool and the origins of caches come with them; what else the
   * document has is checked for its form and left alone.
   */
  readonly only?: readonly string[] | undefined;
  /** Which secrets may go where, beyond what is safe by itself. */
  readonly trust?: readonly TrustRule[] | undefined;
  /** Changes against the version accepted last (see `trustFile`) that are meant. */
  readonly approve?: readonly Approval[] | undefined;
  /**
   * Where to remember what was accepted (`trust`, encryption, proxies, the alpha pool): a file of mode 0600.
   * Without one, or null, nothing is remembered and nothing compared.
   */
  readonly trustFile?: string | null | undefined;
  /** An Ed25519 public key (PEM text or a KeyObject) by which document and version must be signed. */
  readonly verify?: string | KeyObject | undefined;
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

/** An environment that was saved under a name in a pool: its current version, unless another is asked for. */
export interface RecoverSaved extends VersionSelector {
  readonly name: string;
  readonly pool: PoolLike;
}

/** All that a recovery is told. */
export type Recovering = RecoverOptions & (RecoverDocument | RecoverSaved);

/** Nothing is made or opened: what would be done is the result, as of `planRecovery`. */
export interface DryRun {
  readonly dryRun: true;
}
