// One of several processes that save at once: as many versions as it is told, each of another set-up.
import { createLaila, MemoryPool } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";

const laila = createLaila();
await laila.readArgs("./secrets.toml");
const s3 = new S3Pool({
  bucketName: laila.args.AWS_BUCKET_NAME,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  regionName: laila.args.AWS_REGION,
  endpoint: laila.args.AWS_ENDPOINT,
});
const saved = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  laila.memory.extend(new MemoryPool());
  saved.push(await laila.saveEnvironment(laila.environment, { name: "prod", pool: s3 }));
}
process.send?.({ saved });
await s3.close();
await laila.close();
