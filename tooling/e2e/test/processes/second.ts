// The second half of design/product.md's code, in a process that has credentials and a nickname.
import { laila, Manifest, recoverPolicy } from "@laila/core";
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

const found = await Manifest.recall("env_manifest_v1", { pool: s3 });
const { config } = await found.realize({ pool: s3 });

const policy = await recoverPolicy({
  environment: config.data,
  poolClasses: [S3Pool, HDF5Pool],
  args: laila.args,
  from: s3,
});
const before = laila.activate(policy); // returns the previous policy, closes nothing
await before.close();

const { data } = await laila.remember({ nickname: "grid" }, { poolNickname: "local_hdf5" });
const env = laila.environment;
console.log(policy, laila.memory.poolRouter.pools, env);
process.send?.({ read: config.data, env, grid: data instanceof Float32Array && [...data] });
await laila.close();
await s3.close();
