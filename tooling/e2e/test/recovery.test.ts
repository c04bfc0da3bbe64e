import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLaila,
  type EnvironmentDocument,
  type Laila,
  type Policy,
  type PoolLike,
} from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

// Recovery with a pool that locks its file and one that is reached over a network.

let server: S3Server;
let folder: string;
let l: Laila;
let s3: S3Pool;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["recovery"] });
});
afterAll(() => server.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "laila-recovery-"));
  l = createLaila({
    home: join(folder, "home"),
    directory: join(folder, "project"),
    args: { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey },
  });
  s3 = l.create(S3Pool, {
    bucketName: "recovery",
    regionName: server.region,
    accessKeyId: l.secret("AWS_ACCESS_KEY_ID"),
    secretAccessKey: l.secret("AWS_SECRET_ACCESS_KEY"),
    endpoint: server.endpoint,
    prefix: "tests/",
    nickname: "s3",
  });
  l.memory.extend(s3);
  l.memory.extend(l.create(HDF5Pool, { nickname: "own" }));
  l.memory.extend(l.create(HDF5Pool, { nickname: "project", filePath: "data/project.h5" }), {
    affinity: 7,
  });
  l.memory.poolRouter.route({ poolNickname: "own" }).proxyTo(s3);
});
afterEach(async () => {
  await l.close();
  await rm(folder, { recursive: true, force: true });
});

function recover(
  environment: EnvironmentDocument,
  more: { reuse?: Policy; from?: PoolLike } = {},
): Promise<Policy> {
  return l.recoverPolicy({
    environment,
    poolClasses: [S3Pool, HDF5Pool],
    args: l.args,
    from: s3,
    ...more,
  });
}

test("HDF5 files are captured without this machine's paths, and found again", async () => {
  await l.memorize(l.constant("in the project", { nickname: "x" }), { poolNickname: "project" });
  const environment = l.environment;
  expect(JSON.stringify(environment)).not.toContain(folder);
  expect(JSON.stringify(environment)).toContain('"file_path":"data/project.h5"');
  await l.close();
  l.activate(await recover(environment));
  expect(l.environment).toEqual(environment);
  expect((await l.remember({ nickname: "x" }, { poolNickname: "project" })).data).toBe(
    "in the project",
  );
});

test("recovering what is open here is LOCKED, with the live policy unharmed; `reuse` takes it over", async () => {
  const grid = l.constant(Float64Array.of(1, 2), { nickname: "grid" });
  await l.memorize(grid, { poolNickname: "own" });
  const environment = l.environment;
  await expect(recover(environment)).rejects.toMatchObject({ code: "LOCKED" });
  expect((await l.remember(grid, { poolNickname: "own" })).data).toEqual(grid.data);
  expect(l.environment).toEqual(environment);

  const before = l.activate(await recover(environment, { reuse: l.policy }));
  await before.close();
  expect((await l.remember(grid, { poolNickname: "own" })).data).toEqual(grid.data);
  expect(l.environment).toEqual(environment);
});

test("when one pool cannot be opened, the locks of the others are given back", async () => {
  const environment = l.environment;
  await l.close();
  const bucket = structuredClone(environment);
  (
    bucket.policy.central.memory.pool_router.pools[s3.globalId] as Record<string, unknown>
  ).bucket_name = "no-such-bucket";
  await expect(recover(bucket)).rejects.toMatchObject({ code: "NO_SUCH_STORE" });
  const policy = await recover(environment);
  await policy.close();
});

test("a file somewhere else is refused, unless it is allowed or overridden", async () => {
  await l.close();
  const far = createLaila({ home: join(folder, "home"), directory: join(folder, "project") });
  const filePath = join(folder, "elsewhere", "pool.h5");
  far.memory.extend(far.create(HDF5Pool, { nickname: "far", filePath }));
  const environment = far.environment;
  await far.close();
  const options = { environment, poolClasses: [HDF5Pool] };
  await expect(far.recoverPolicy(options)).rejects.toMatchObject({ code: "UNTRUSTED" });
  for (const more of [
    { allowPaths: [join(folder, "elsewhere")] },
    { overrides: { far: { filePath } } },
  ]) {
    const policy = await far.recoverPolicy({ ...options, ...more });
    far.activate(policy);
    expect(far.environment).toEqual(environment);
    await policy.close();
  }
});
