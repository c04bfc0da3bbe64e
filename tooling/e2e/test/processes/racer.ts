// One of many processes that save at once over a bad line, until they are killed or done. It tells when it is
// ready, begins when it is told to, and tells what became of every save.
import { once } from "node:events";
import { createLaila, isLailaError, MemoryPool } from "@laila/core";
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
const [saves, author] = process.argv.slice(2) as [string, string];
const begin = once(process, "message");
process.send?.({ ready: true });
await begin;
for (let i = 0; i < Number(saves); i++) {
  laila.memory.extend(new MemoryPool());
  process.send?.({ saving: i });
  try {
    const options = { name: "prod", pool: s3, author, message: `${i}` };
    process.send?.({ saved: await laila.saveEnvironment(laila.environment, options) });
  } catch (error) {
    if (!isLailaError(error)) throw error;
    const { code, message, details } = error;
    process.send?.({ failed: { code, message, outcome: details.outcome } });
  }
}
process.disconnect?.();
await s3.close();
await laila.close();
