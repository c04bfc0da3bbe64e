import type { Supports } from "@laila/pool";

type Promised = Pick<
  Supports,
  "conditionalWrites" | "durable" | "persistent" | "sharedBetweenProcesses" | "evicts"
>;

/** A service that is a pool: how it keeps the contract, and what is promised on it. */
export interface Service {
  /** The conformance suite runs on it; otherwise `supports` claims no more than OpenDAL's capability. */
  readonly proven: boolean;
  /** Where values are: in this process, below the configuration's `directory`, or beyond a network. */
  readonly kept: "memory" | "directory" | "network";
  /** How a value is replaced so that readers see the old or the new: by OpenDAL's own write, or in two steps. */
  readonly replaces: "at once" | "by renaming";
  /** Whether it takes an empty value; where it does not, one byte stands before some values. */
  readonly takesEmpty: boolean;
  /** It never looks for credentials of the machine, or can be told not to. */
  readonly obedient: boolean;
  readonly supports: Promised;
}

const nothing: Promised = {
  conditionalWrites: false,
  durable: false,
  persistent: false,
  sharedBetweenProcesses: false,
  evicts: false,
};
const shared: Promised = { ...nothing, persistent: true, sharedBetweenProcesses: true };

const inMemory: Service = {
  proven: true,
  kept: "memory",
  replaces: "at once",
  takesEmpty: true,
  obedient: true,
  supports: nothing,
};
const onDisk: Service = { ...inMemory, kept: "directory" };
const remote: Service = {
  ...inMemory,
  proven: false,
  kept: "network",
  obedient: false,
  supports: shared,
};
const withoutEmpty: Service = { ...remote, takesEmpty: false };
const cache: Service = { ...inMemory, supports: { ...nothing, evicts: true } };

/**
 * Those of opendal 0.49.2's binary that can be pools. What is `proven` was measured; the rest is what the
 * operators' capability says (a test compares) and what OpenDAL's source does to write: one request that
 * replaces, unless said otherwise.
 */
const services: Readonly<Record<string, Service>> = {
  memory: inMemory,
  dashmap: inMemory,
  moka: cache,
  "mini-moka": cache,
  // Values are synced, but the directory after the renaming is not, so that a power cut may lose a write.
  // With atomic_write_dir, of 20 writers with if_not_exists a dozen win; without it, readers see half a value.
  fs: { ...onDisk, supports: shared },
  // It flushes twice a second, and locks its directory.
  sled: { ...onDisk, supports: { ...nothing, persistent: true } },
  s3: {
    ...remote,
    proven: true,
    obedient: true,
    supports: { ...shared, conditionalWrites: true, durable: true },
  },
  // Whether a PUT shows half a value is the server's affair; a MOVE is a renaming.
  webdav: { ...remote, proven: true, obedient: true, replaces: "by renaming" },

  azblob: remote,
  b2: remote,
  cos: remote,
  gcs: remote,
  koofr: remote,
  obs: remote,
  oss: remote,
  seafile: remote,
  swift: remote,
  upyun: remote,
  "yandex-disk": remote,
  dropbox: withoutEmpty,
  ipmfs: withoutEmpty,
  // They make an empty file first, and fill it with a second request.
  azdls: { ...withoutEmpty, replaces: "by renaming" },
  azfile: { ...withoutEmpty, replaces: "by renaming" },
};

const noList = "OpenDAL cannot list its keys";
const readOnly = "OpenDAL can only read it";
/** The others in the binary, and why they cannot keep a pool's promises. */
const impossible: Readonly<Record<string, string>> = {
  cacache: noList,
  gridfs: noList,
  memcached: noList,
  mongodb: noList,
  mysql: noList,
  persy: noList,
  postgresql: noList,
  redb: noList,
  redis: noList,
  sqlite: noList,
  http: readOnly,
  huggingface: readOnly,
  ipfs: readOnly,
  alluxio: "OpenDAL cannot read what it wrote there",
  ghac: "OpenDAL cannot delete or list in it",
  "vercel-artifacts": "OpenDAL cannot delete or list in it",
  "aliyun-drive": "the old value is deleted before the new one is written",
  gdrive: "two first writers of a key make two files of one name",
  onedrive: "paths of 400 characters are too short for keys of 256 bytes",
  webhdfs: "readers see half a value while it is written, and OpenDAL cannot rename in it",
};

/** Instead of a service that cannot list; the messages name them. */
const instead: Readonly<Record<string, string>> = {
  sqlite: " @laila/pool-sqlite is a pool in an SQLite file.",
};

export function serviceOf(scheme: string): Service | undefined {
  return Object.hasOwn(services, scheme) ? services[scheme] : undefined;
}

/** Why a scheme is no pool, as the end of a sentence and what to do. */
export function whyNot(scheme: string): string {
  const why = Object.hasOwn(impossible, scheme)
    ? impossible[scheme]
    : "OpenDAL's binary for Node has no such service";
  const known = Object.keys(services).join(", ");
  return `${why}.${instead[scheme] ?? ""} Pools can be on ${known}.`;
}

export const poolSchemes: readonly string[] = Object.keys(services);
export const impossibleSchemes: readonly string[] = Object.keys(impossible);
