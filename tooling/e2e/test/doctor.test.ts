import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLaila, type Laila } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

let server: S3Server;
let folder: string;
let l: Laila;
let s3: S3Pool;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["doctor"], region: "eu-west-1" });
});
afterAll(() => server.close());

const instance = (args: object = {}): Laila =>
  createLaila({
    home: join(folder, "home"),
    directory: join(folder, "project"),
    args: {
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      ...args,
    },
  });

const bucket = (more: object = {}): S3Pool =>
  l.create(S3Pool, {
    bucketName: "doctor",
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
    nickname: "s3",
    ...more,
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "laila-doctor-"));
  await mkdir(join(folder, "project"));
  l = instance();
  s3 = bucket();
  l.memory.extend(s3);
  l.memory.extend(l.create(HDF5Pool, { nickname: "data", filePath: "data.h5" }));
});
afterEach(async () => {
  await l.close();
  await rm(folder, { recursive: true });
});

const examine = (environment: unknown, more: object = {}) =>
  l.doctor({ environment, poolClasses: [S3Pool, HDF5Pool], args: l.args, from: s3, ...more });

function changed(change: (config: Record<string, unknown>) => void) {
  const document = structuredClone(l.environment);
  const { pools } = document.policy.central.memory.pool_router;
  change(pools[s3.globalId] as Record<string, unknown>);
  return document;
}

test("a set-up that works has no findings, and the bucket and the files are as they were", async () => {
  await l.memorize(l.constant(1, { nickname: "one" }), { poolNickname: "data" });
  await l.saveEnvironment(l.environment, { name: "prod", pool: s3 });
  const before = await server.listObjects("doctor");
  expect(await l.doctor()).toMatchObject({ ok: true, findings: [], pools: 3, opened: 3 });
  await l.close();
  const files = await readdir(folder, { recursive: true });
  const again = instance();
  const report = await again.doctor({
    name: "prod",
    pool: bucket(),
    poolClasses: [S3Pool, HDF5Pool],
    args: again.args,
  });
  expect(report).toMatchObject({ ok: true, findings: [], opened: 3, name: "prod", version: 1 });
  expect(await server.listObjects("doctor")).toEqual(before);
  expect(await readdir(folder, { recursive: true })).toEqual(files);
});

test("a file that is not there is not made; one that somebody has open is told of", async () => {
  const { environment } = l;
  expect(await examine(environment)).toMatchObject({ ok: true, pools: 3, opened: 2 });
  expect(await readdir(join(folder, "project"))).toEqual([]);
  await l.memory.poolRouter.route({ poolNickname: "data" }).open();
  const { findings } = await examine(environment);
  expect(findings).toMatchObject([
    {
      code: "LOCKED",
      poolName: "data",
      fix: `ps -o pid,etime,args -p ${process.pid}`,
    },
  ]);
  expect(await examine(environment, { reuse: l.policy })).toMatchObject({ ok: true });
});

test("a file that is somebody else's is told of, and not touched", async () => {
  const file = join(folder, "project", "data.h5");
  await writeFile(file, "not ours");
  const { findings, ok } = await examine(l.environment);
  expect([ok, findings.length, findings[0]?.poolName]).toEqual([false, 1, "data"]);
  expect(await readFile(file, "utf8")).toBe("not ours");
});

const trouble: [string, (config: Record<string, unknown>) => void, object][] = [
  [
    "no such bucket",
    (config) => (config.bucket_name = "no-such-bucket"),
    {
      code: "NO_SUCH_STORE",
      fix: expect.stringContaining(
        "aws s3api create-bucket --bucket no-such-bucket --region eu-west-1 --endpoint-url http://127.0.0.1:",
      ),
    },
  ],
  [
    "another region",
    (config) => (config.region_name = "eu-north-1"),
    {
      code: "WRONG_REGION",
      fix: expect.stringContaining("aws s3api get-bucket-location --bucket doctor"),
    },
  ],
];
test.each(trouble)("%s", async (_, change, expected) => {
  expect((await examine(changed(change))).findings).toMatchObject([
    { poolName: "s3", ...expected },
  ]);
});

test("denied, and out of reach", async () => {
  const other = instance({ AWS_SECRET_ACCESS_KEY: "wrong" });
  const { environment } = l;
  const given = { environment, poolClasses: [S3Pool, HDF5Pool], from: s3 };
  // The pool that the document was read from has the same names for its secrets, whatever their values.
  const named = {
    from: bucket({
      accessKeyId: l.secret("AWS_ACCESS_KEY_ID"),
      secretAccessKey: l.secret("AWS_SECRET_ACCESS_KEY"),
    }),
  };
  const denied = await other.doctor({ ...given, ...named, args: other.args });
  expect(denied.findings).toMatchObject([
    { code: "ACCESS_DENIED", fix: expect.stringContaining("aws s3api head-bucket") },
  ]);
  expect(JSON.stringify(denied)).not.toContain(server.secretAccessKey);
  const gone = await startS3Server({ buckets: ["doctor"] });
  const { endpoint } = gone;
  await gone.close();
  const trust = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((secret) => {
    return { secret, origin: endpoint };
  });
  const away = changed((config) => (config.endpoint = endpoint));
  expect((await examine(away, { trust })).findings).toMatchObject([
    { code: "UNAVAILABLE", fix: `curl -sS -o /dev/null -w '%{http_code}\\n' ${endpoint}` },
  ]);
  expect((await examine(away)).findings).toMatchObject([{ code: "UNTRUSTED" }]);
});
