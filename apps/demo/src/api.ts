import type { EnvironmentDocument, ErrorCode, GlobalId } from "@laila/schema";

/**
 * What the page and its servers say to each other: JSON below `/api`, and lines of JSON (NDJSON) where
 * an answer grows. Types only, for both sides. `/api/life` and `/api/events` are answered by the keeper,
 * which outlives the set-up; everything else by the process of the set-up, which can be killed.
 */

/** What every refused request says, with a status that fits (404, 409, 400, 403, 503 …). */
export interface Failure {
  readonly code: ErrorCode | "DOWN" | "FAILED";
  readonly message: string;
}

/** The last line of an NDJSON answer that went wrong on the way. */
export interface FailureLine {
  readonly failure: Failure;
}

// The keeper.

/** `GET /api/life`, and what `kill` answers. */
export interface Life {
  readonly state: "starting" | "running" | "down" | "recovering";
  /** Of the process of the set-up, while there is one. */
  readonly pid: number | null;
  /** ISO 8601: since when it is in this state. */
  readonly since: string;
  /** The name that the sample set-up is saved under. */
  readonly name: string;
  /** Such as `http://127.0.0.1:9000`; null for AWS. */
  readonly endpoint: string | null;
  readonly bucket: string;
  /** Where the `laila` commands that the page shows can be run. */
  readonly folder: string;
  /** What the set-up has on this machine, and what it is without. `bytes: null`: not there. */
  readonly files: readonly { readonly name: string; readonly bytes: number | null }[];
  /** Why it is down, when nobody killed it. */
  readonly failure: Failure | null;
}

/** `POST /api/life/kill`: SIGKILL, and, if asked for, everything local but the credentials is deleted. */
export interface KillRequest {
  readonly deleteFiles: boolean;
}

/** `POST /api/life/recover`: answered by lines of {@link RecoverStep}. */
export interface RecoverRequest {
  /** The one thing one has to know. */
  readonly name: string;
}

/** One line twice: when the step begins (`ms: null`), and when it has ended. */
export interface RecoverStep {
  readonly step: "process" | "document" | "plan" | "pools" | "compare" | "remember";
  /** For people: "A fresh process starts, with credentials and a name". */
  readonly title: string;
  readonly ms: number | null;
  /** Round trips to the bucket. */
  readonly requests: number;
  readonly detail: string | null;
  /** Of `remember`: what was brought back, to be plotted. */
  readonly entry?: { readonly poolId: GlobalId; readonly key: GlobalId };
  readonly failure?: Failure;
}

/** `GET /api/events`, server-sent: `event: life` with {@link Life}, `event: operations`, `event: setup`. */
export interface OperationsEvent {
  readonly operations: readonly Operation[];
  /** How many more there were than are told of here. */
  readonly left: number;
}

/** One entry that went into a pool, came out of it, or was deleted there. */
export interface Operation {
  readonly verb: "memorize" | "remember" | "forget";
  readonly poolId: GlobalId;
  readonly key: string;
  /** Of the record; null where it is not known. */
  readonly bytes: number | null;
  readonly ms: number;
  /** The code of its error, or null. */
  readonly failed: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** `event: setup`: the live set-up is another than before; ask for it again. */
export interface SetupEvent {
  readonly digest: string;
}

// The set-up.

/** `GET /api/setup`. The picture is drawn from the document: that is what LAILA is about. */
export interface Setup {
  readonly environment: EnvironmentDocument;
  readonly pools: Readonly<Record<string, PoolFacts>>;
  readonly traffic: Traffic;
}

/** What a document does not say of a pool. */
export interface PoolFacts {
  readonly supports: Readonly<Record<string, boolean | number>>;
  /** Where it is, for people: `s3://bucket/prefix`, `data.h5`, `memory`. */
  readonly place: string;
  /** Whether it lives on this machine only, so that the disaster takes it. */
  readonly isLocal: boolean;
}

/** Reads and writes that the set-up does by itself, so that there is something to see. `POST /api/traffic`. */
export interface Traffic {
  readonly perSecond: number;
}

/** `POST /api/setup/pools`: a cache in memory. */
export interface AddPoolRequest {
  readonly nickname: string;
  /** The pool that it is a cache of. */
  readonly proxyTo?: GlobalId | undefined;
}

/** What adding a pool answers. */
export interface AddedPool {
  readonly id: GlobalId;
}

/** `DELETE /api/setup/pools/:pool` takes one out again. */

/**
 * `GET /api/pools/:pool/keys?prefix=`: lines of `string[]`, then {@link KeysEnd}. `:pool` is a global id
 * everywhere, and a key is URL-encoded.
 */
export interface KeysEnd {
  readonly total: number;
}

/** `POST /api/pools/:pool/heads` with up to 200 keys: what a list shows of each, in order. */
export interface HeadsRequest {
  readonly keys: readonly string[];
}

export interface EntryHead {
  readonly key: string;
  /** `foreign`: bytes that are no record. `large`: not looked into, open it to see. */
  readonly state: "whole" | "missing" | "corrupt" | "foreign" | "large" | "failed";
  readonly nickname: string | null;
  /** For people: `object`, `Map`, `float32 4096 × 4096`, `PNG image`. */
  readonly kind: string | null;
  /** Of the whole record. */
  readonly bytes: number | null;
  readonly timestamp: string | null;
  readonly failure: Failure | null;
}

/**
 * `/api/pools/:pool/entries/:key`
 * - `GET`: the record's bytes as they lie there (the page decodes and checks them itself);
 * - `PUT`: a record that the page has made, which is memorized: {@link Memorized};
 * - `DELETE`: forgotten, 204;
 * - `POST …/damage`: one bit is flipped, behind LAILA's back, 204.
 */
export interface Memorized {
  readonly key: GlobalId;
  readonly bytes: number;
}

/** `POST /api/pools/:pool/hdf5?name=file.h5`: a file; its arrays and texts become entries, a manifest names them. */
export interface ImportedFile {
  readonly manifest: GlobalId;
  readonly entries: readonly { readonly path: string; readonly key: GlobalId }[];
  /** What was not taken, and why. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

/** `POST /api/samples/field`: a large array of waves, made and memorized by the set-up: {@link Memorized}. */
export interface FieldRequest {
  readonly poolId: GlobalId;
  readonly rows: number;
  readonly columns: number;
}

// Manifests.

/** `GET /api/manifests`: those of every pool. */
export interface ManifestSummary {
  readonly id: GlobalId;
  readonly poolId: GlobalId;
  readonly nickname: string | null;
  readonly leaves: number;
}

/** `GET /api/pools/:pool/manifests/:id`. */
export interface ManifestDocument extends ManifestSummary {
  /** Objects and lists, with global ids as leaves. */
  readonly blueprint: unknown;
}

/** `POST …/verify` and `POST …/repair` ({@link RepairRequest}): a line a leaf, then {@link LeavesEnd}. */
export interface LeafLine {
  /** Such as `layers[3].weights`; "" for the manifest itself. */
  readonly path: string;
  readonly id: GlobalId;
  readonly outcome: "whole" | "unverified" | "missing" | "damaged" | "failed" | "repaired" | "lost";
  readonly message: string | null;
  readonly done: number;
  readonly total: number;
}

export interface LeavesEnd {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

export interface RepairRequest {
  /** Where copies may be, in this order. */
  readonly from: readonly GlobalId[];
}

// Saved environments.

/** Which document is meant. */
export type Which = { readonly live: true } | { readonly name: string; readonly version: number };

/** `GET /api/saved`. */
export interface SavedSummary {
  readonly name: string;
  readonly latest: number;
  readonly labels: Readonly<Record<string, number>>;
}

/** `GET /api/saved/:name`, newest first. */
export interface SavedHistory {
  readonly name: string;
  readonly current: number;
  readonly versions: readonly SavedVersion[];
}

export interface SavedVersion {
  readonly version: number;
  readonly parent: number | null;
  readonly time: string;
  readonly author: string;
  readonly message: string;
  readonly digest: string;
  readonly labels: readonly string[];
  readonly rollbackOf: number | null;
  readonly isTrashed: boolean;
}

/** `GET /api/saved/:name/versions/:version`. */
export interface SavedDocument extends SavedVersion {
  readonly environment: EnvironmentDocument;
}

/** `POST /api/saved/:name`: the live set-up as its next version. */
export interface SaveRequest {
  readonly message: string;
}

export interface Saved {
  readonly version: number;
  /** False when nothing had changed, so that there is no new version. */
  readonly created: boolean;
}

/** `POST /api/saved/:name/labels`: null takes one away. Answers the {@link SavedHistory}. */
export interface LabelRequest {
  readonly labels: Readonly<Record<string, number | null>>;
}

/** `POST /api/saved/:name/rollback`: answers {@link Saved}. */
export interface RollbackRequest {
  readonly version: number;
}

/** `POST /api/compare`. */
export interface CompareRequest {
  readonly before: Which;
  readonly after: Which;
}

export interface Comparison {
  readonly equal: boolean;
  readonly sections: readonly CompareSection[];
  /** RFC 6902: turns `before` into `after`. */
  readonly patch: readonly unknown[];
}

/** Pools, routing, proxies, taskforces …: what is different, by identity. */
export interface CompareSection {
  readonly title: string;
  readonly items: readonly {
    readonly change: "added" | "removed" | "changed";
    readonly name: string;
    readonly fields: readonly {
      readonly field: string;
      /** As JSON text; null: not there. */
      readonly before: string | null;
      readonly after: string | null;
    }[];
  }[];
}

/** `POST /api/doctor`: would it work here? */
export interface DoctorRequest {
  readonly which: Which;
}

export interface DoctorAnswer {
  readonly ok: boolean;
  readonly opened: number;
  readonly pools: number;
  readonly findings: readonly {
    readonly severity: "error" | "warning" | "info";
    readonly code: string;
    readonly poolName: string | null;
    readonly text: string;
    /** A shell command, or null. */
    readonly fix: string | null;
  }[];
}
