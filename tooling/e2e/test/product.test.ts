import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EnvironmentDocument } from "@laila/core";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./support/processes.js";
import { secretsIn } from "./support/secrets.js";

// design/product.md, "The code they write": three processes, one bucket, one HDF5 file.

let server: S3Server;
let project: Project;
beforeAll(async () => {
  server = await startS3Server({
    buckets: ["product"],
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  });
  project = await Project.create(server, "product");
});
afterAll(async () => {
  await server.close();
  await project[Symbol.asyncDispose]();
});

test("the code of the product card runs as it is written, and no secret is anywhere", async () => {
  const first = await project.run<{ env: EnvironmentDocument }>("first");
  const { env } = first.sent;
  const { pools } = env.policy.central.memory.pool_router;
  expect(
    Object.values(pools)
      .map(({ class_token }) => class_token)
      .sort(),
  ).toEqual(["HDF5Pool", "MemoryPool", "S3Pool"]);
  expect(Object.values(pools)).toContainEqual({
    class_token: "S3Pool",
    package: "@laila/pool-s3",
    nickname: "s3",
    bucket_name: "product",
    region_name: server.region,
    access_key_id: { $secret: "AWS_ACCESS_KEY_ID" },
    secret_access_key: { $secret: "AWS_SECRET_ACCESS_KEY" },
    endpoint: server.endpoint,
  });
  expect(Object.values(pools)).toContainEqual({
    class_token: "HDF5Pool",
    package: "@laila/pool-hdf5",
    nickname: "local_hdf5",
  });

  const second = await project.run<{ read: unknown; env: unknown; grid: unknown }>("second");
  expect(second.sent).toEqual({ read: env, env, grid: [1, 2, 3] });

  const third = await project.run<{ env: unknown }>("by-name");
  expect(third.sent).toEqual({ env });

  const secrets = [server.accessKeyId, server.secretAccessKey];
  const keys = await server.listObjects("product");
  // Manifest and entry of the tutorial; head and leaf of the saved environment.
  expect(keys).toHaveLength(4);
  for (const key of keys) {
    const bytes = (await server.readObject("product", key)) ?? new Uint8Array();
    expect(bytes.length).toBeGreaterThan(0);
    expect([key, secretsIn(bytes, secrets), secretsIn(key, secrets)]).toEqual([key, [], []]);
  }
  const files = await readdir(project.home, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    expect(secretsIn(await readFile(join(file.parentPath, file.name)), secrets)).toEqual([]);
  }
  for (const { output } of [first, second, third]) {
    expect(output.length + 1).toBeGreaterThan(0);
    expect(secretsIn(output, secrets)).toEqual([]);
  }
  // The search itself finds a secret where there is one.
  expect(secretsIn(await readFile(join(project.folder, "secrets.toml")), secrets)).toEqual(secrets);
  expect(secretsIn(Buffer.from(`x${server.secretAccessKey}y`).toString("base64"), secrets)).toEqual(
    [server.secretAccessKey],
  );
});
