// The code of design/product.md as it is written there, with the endpoint of the test's server.
import { laila, Manifest } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";

await laila.readArgs("./secrets.toml");

const s3 = new S3Pool({
  bucketName: laila.args.AWS_BUCKET_NAME,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  regionName: laila.args.AWS_REGION,
  endpoint: laila.args.AWS_ENDPOINT,
  nickname: "s3",
});
laila.memory.extend(s3, { poolNickname: "s3" });
laila.memory.extend(new HDF5Pool({ nickname: "local_hdf5" }), { poolNickname: "local_hdf5" });

// the set-up as data: JSON, no secrets, only what is needed to rebuild it
const env = laila.environment;
for (const [id, config] of Object.entries(env.policy.central.memory.pool_router.pools))
  console.log(id, config);

const config = laila.constant(env, { nickname: "my_environment_v1" });
const manifest = new Manifest({ config }, { nickname: "env_manifest_v1" });
console.log(manifest.blueprint); // { config: "LAILA:ENTRY:GLOBAL_ID:…" }
console.log([...manifest]); // the leaves' global ids

await laila.guarantee(() => {
  manifest.memorize({ poolNickname: "s3" });
});

// Beyond the design's code: something to find again, and what most people will use instead.
await laila.memorize(laila.constant(Float32Array.of(1, 2, 3), { nickname: "grid" }), {
  poolNickname: "local_hdf5",
});
const { saveEnvironment } = await import("@laila/core");
await saveEnvironment(laila.environment, { name: "prod", pool: s3 });
console.log(
  laila,
  laila.args,
  s3,
  laila.secret("AWS_SECRET_ACCESS_KEY"),
  JSON.stringify({ args: laila.args, s3 }),
);
process.send?.({ env });
await laila.close();
