// "What most people will use instead", in a process of its own.
import { laila, recoverPolicy } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";

await laila.readArgs("./secrets.toml");
const s3 = new S3Pool({
  bucketName: laila.args.AWS_BUCKET_NAME,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  regionName: laila.args.AWS_REGION,
  endpoint: laila.args.AWS_ENDPOINT,
});
const policy = await recoverPolicy({
  name: "prod",
  pool: s3,
  poolClasses: [S3Pool, HDF5Pool],
  args: laila.args,
});
laila.activate(policy);
process.send?.({ env: laila.environment });
await laila.close();
await s3.close();
