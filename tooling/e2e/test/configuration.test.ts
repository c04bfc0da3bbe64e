import { AsyncTaskForce, MemoryPool } from "@laila/core";
import { configJsonSchema, configTables } from "@laila/environment";
import { layerDeclarations } from "@laila/pool/layers";
import { FilesystemPool } from "@laila/pool-fs";
import { HDF5Pool } from "@laila/pool-hdf5";
import { OpenDALPool } from "@laila/pool-opendal";
import { S3Pool } from "@laila/pool-s3";
import { SQLitePool } from "@laila/pool-sqlite";
import { expect, test } from "vitest";

const classes = [
  MemoryPool,
  S3Pool,
  HDF5Pool,
  FilesystemPool,
  SQLitePool,
  OpenDALPool,
  AsyncTaskForce,
  ...layerDeclarations,
];

const head = `# Configuration

Made of the declarations of the classes by \`tooling/e2e/test/configuration.test.ts\`; after a change of a class:
\`npx vitest run test/configuration.test.ts -u\` there. \`laila.create(Class, { … })\` takes a value from where it is given
first: by the caller, in the arguments (in snake_case, at \`policy.central.memory.pool_router.pools.<id or nickname>\`,
for taskforces \`policy.central.command.taskforces.<id or nickname>\`, for layers
\`policy.central.memory.pool_router.layers.<class>\`), in the environment variable, by default. \`LAILA_HOME\` is LAILA's
home directory; \`~/.laila\` unless set.

`;

test("the documented configuration is what the classes declare", async () => {
  await expect(head + configTables(classes)).toMatchFileSnapshot(
    "../../../packages/environment/CONFIGURATION.md",
  );
});

test("each class has a JSON Schema of what documents hold", async () => {
  const schemas: Record<string, unknown> = {};
  for (const cls of classes) schemas[cls.classToken] = await configJsonSchema(cls);
  await expect(`${JSON.stringify(schemas, null, 2)}\n`).toMatchFileSnapshot(
    "../../../packages/environment/configuration.schemas.generated.json",
  );
  expect(schemas.S3Pool).toMatchObject({
    required: ["class_token", "bucket_name"],
    properties: { secret_access_key: { required: ["$secret"] } },
    additionalProperties: false,
  });
  expect(JSON.stringify(schemas.S3Pool)).not.toContain("ambient");
});
