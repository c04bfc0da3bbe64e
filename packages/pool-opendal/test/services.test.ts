import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpenDALPool } from "@laila/pool-opendal";
import { Operator } from "opendal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { impossibleSchemes, poolSchemes, serviceOf } from "../src/services.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-opendal-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const endpoint = "http://127.0.0.1:1";
const table = { table: "t", key_field: "k", value_field: "v" };
/** What the binary wants to make an operator, which is not asked for anything. */
const options: Readonly<Record<string, () => Record<string, string>>> = {
  "aliyun-drive": () => ({ access_token: "x", drive_type: "default" }),
  alluxio: () => ({ endpoint }),
  azblob: () => ({ container: "c", endpoint }),
  azdls: () => ({ filesystem: "f", endpoint }),
  azfile: () => ({ share_name: "s", endpoint, account_name: "a" }),
  b2: () => ({ bucket: "b", bucket_id: "i", application_key_id: "x", application_key: "y" }),
  cacache: () => ({ datadir: join(directory, "cacache") }),
  cos: () => ({ bucket: "b", endpoint }),
  dropbox: () => ({ access_token: "x" }),
  fs: () => ({ root: join(directory, "fs") }),
  gcs: () => ({ bucket: "b" }),
  gdrive: () => ({ access_token: "x" }),
  ghac: () => ({ endpoint, runtime_token: "x", version: "v" }),
  gridfs: () => ({ connection_string: "mongodb://127.0.0.1:1", database: "d", bucket: "b" }),
  http: () => ({ endpoint }),
  huggingface: () => ({ repo_id: "a/b", repo_type: "model" }),
  ipfs: () => ({ root: "/ipfs/Qm/", endpoint }),
  koofr: () => ({ endpoint, email: "e", password: "p" }),
  memcached: () => ({ endpoint: "tcp://127.0.0.1:1" }),
  mongodb: () => ({ connection_string: "mongodb://127.0.0.1:1", database: "d", collection: "c" }),
  mysql: () => ({ connection_string: "mysql://u:p@127.0.0.1:1/d", ...table }),
  obs: () => ({ bucket: "b", endpoint }),
  onedrive: () => ({ access_token: "x" }),
  oss: () => ({ bucket: "b", endpoint }),
  persy: () => ({ datafile: join(directory, "persy"), segment: "s", index: "i" }),
  postgresql: () => ({ connection_string: "postgresql://u:p@127.0.0.1:1/d", ...table }),
  redb: () => ({ datadir: join(directory, "redb"), table: "t" }),
  s3: () => ({ bucket: "b", region: "us-east-1" }),
  seafile: () => ({ endpoint, repo_name: "r", username: "u", password: "p" }),
  sled: () => ({ datadir: join(directory, "sled") }),
  sqlite: () => ({ connection_string: `sqlite://${directory}/x?mode=rwc`, ...table }),
  swift: () => ({ endpoint, container: "c", token: "t" }),
  upyun: () => ({ bucket: "b", operator: "o", password: "p" }),
  "vercel-artifacts": () => ({ access_token: "x" }),
  webdav: () => ({ endpoint }),
  "yandex-disk": () => ({ access_token: "x" }),
};
const capabilityOf = (scheme: string) => new Operator(scheme, options[scheme]?.()).capability();
const verbs = ["read", "write", "stat", "delete", "list"] as const;

describe.each(poolSchemes)("%s", (scheme) => {
  it("can do what a pool needs, and no more is claimed than its operator says", () => {
    const has = capabilityOf(scheme);
    const service = serviceOf(scheme);
    expect(verbs.filter((verb) => !has[verb])).toEqual([]);
    expect(service?.takesEmpty).toBe(has.writeCanEmpty);
    if (service?.replaces === "by renaming") expect(has.rename).toBe(true);
    // OpenDAL says it of a directory too, whose processes are on one machine.
    expect(service?.kept === "network").toBe(has.shared && scheme !== "fs");
    const promised = service?.supports;
    expect(promised?.sharedBetweenProcesses).toBe(has.shared);
    if (promised?.conditionalWrites) {
      expect([has.writeWithIfMatch, has.writeWithIfNotExists]).toEqual([true, true]);
    }
    if (!service?.proven) {
      expect(promised).toMatchObject({ conditionalWrites: false, durable: false });
    }
  });
});

describe("a service that cannot be a pool", () => {
  /** They have all five verbs, but not a pool's promises; the messages say why. */
  const otherwise = ["aliyun-drive", "gdrive", "onedrive", "webhdfs"];

  it.each(impossibleSchemes)("%s: the operator says the same", (scheme) => {
    expect(() => new OpenDALPool({ scheme })).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
    const has = capabilityOf(scheme);
    expect(verbs.every((verb) => has[verb])).toBe(otherwise.includes(scheme));
  });
});
