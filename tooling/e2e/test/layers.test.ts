import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLaila, NdArray } from "@laila/core";
import { innermost } from "@laila/pool";
import { withRetry, withThrottle, withTransforms } from "@laila/pool/layers";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, test } from "vitest";

test("a set-up of layered pools comes back by its name, and reads what it wrote", async () => {
  const server = await startS3Server({ buckets: ["layers"] });
  const folder = await mkdtemp(join(tmpdir(), "laila-layers-"));
  const args = {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    DIARY_KEY: randomBytes(32).toString("base64"),
    OLD_DIARY_KEY: randomBytes(32).toString("base64"),
  };
  const l = createLaila({ home: join(folder, "home"), directory: join(folder, "project"), args });
  const s3 = l.create(S3Pool, {
    bucketName: "layers",
    regionName: server.region,
    accessKeyId: l.secret("AWS_ACCESS_KEY_ID"),
    secretAccessKey: l.secret("AWS_SECRET_ACCESS_KEY"),
    endpoint: server.endpoint,
    nickname: "s3",
  });
  const diary = withTransforms(
    l.create(HDF5Pool, { nickname: "diary", filePath: "data/diary.h5" }),
    [
      { gzip: true },
      {
        encrypt: {
          keyId: "new",
          key: l.secret("DIARY_KEY"),
          oldKeys: { old: l.secret("OLD_DIARY_KEY") },
        },
      },
    ],
  );
  const bootstrap = withRetry(withThrottle(s3, { requestsPerSecond: 1000 }));
  try {
    l.memory.extend(bootstrap);
    l.memory.extend(withRetry(diary));
    const secretText = "nobody reads this in the file";
    const noise = Float64Array.from({ length: 200_000 }, () => Math.random());
    const written = [
      l.constant({ page: 1, text: secretText }, { nickname: "page" }),
      l.constant(new NdArray({ dtype: "float64", shape: [400, 500], data: noise }), {
        nickname: "matrix",
      }),
    ];
    await l.memorize(written, { poolNickname: "diary" });
    const { environment } = l;
    for (const secret of Object.values(args).slice(1))
      expect(JSON.stringify(environment)).not.toContain(secret);
    await l.saveEnvironment(environment, { name: "layered", pool: bootstrap });
    await l.close();

    const file = await readFile(join(folder, "project/data/diary.h5"));
    expect(file.includes(secretText)).toBe(false);
    expect(file.includes("LAILX\u0001")).toBe(true);

    const again = createLaila({
      home: join(folder, "home"),
      directory: join(folder, "project"),
      args,
    });
    const from = again.create(S3Pool, {
      bucketName: "layers",
      regionName: server.region,
      accessKeyId: again.secret("AWS_ACCESS_KEY_ID"),
      secretAccessKey: again.secret("AWS_SECRET_ACCESS_KEY"),
      endpoint: server.endpoint,
    });
    again.activate(
      await again.recoverPolicy({
        name: "layered",
        pool: from,
        poolClasses: [S3Pool, HDF5Pool],
        args,
      }),
    );
    try {
      expect(again.environment).toEqual(environment);
      const pool = again.memory.poolRouter.route({ poolNickname: "diary" });
      expect(innermost(pool)).toBeInstanceOf(HDF5Pool);
      const page = await again.remember({ nickname: "page" }, { poolNickname: "diary" });
      expect(page.data).toEqual({ page: 1, text: secretText });
      const matrix = await again.remember({ nickname: "matrix" }, { poolNickname: "diary" });
      expect((matrix.data as NdArray).data).toEqual(noise);
    } finally {
      await again.close();
      await from.close();
    }
  } finally {
    await l.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});
