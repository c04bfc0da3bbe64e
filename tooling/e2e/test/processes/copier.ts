// Copies or moves between the bucket and a file of HDF5, and says of each key what became of it.
import { copyPool, createLaila, movePool } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";

const laila = createLaila();
await laila.readArgs("./secrets.toml");
const bucket = new S3Pool({
  bucketName: laila.args.AWS_BUCKET_NAME,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  regionName: laila.args.AWS_REGION,
  endpoint: laila.args.AWS_ENDPOINT,
});
const file = new HDF5Pool({ filePath: "./copy.h5" });
const [verb, to] = process.argv.slice(2);
const transfer = (verb === "move" ? movePool : copyPool)(
  to === "bucket" ? file : bucket,
  to === "bucket" ? bucket : file,
  { concurrency: 6, onProgress: ({ key, outcome }) => process.send?.({ key, outcome }) },
);
const { copied, skipped, deleted } = await transfer;
process.send?.({ report: { copied, skipped, deleted } });
await Promise.all([file.close(), bucket.close(), laila.close()]);
