import { createHash } from "node:crypto";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { startS3Server } from "@laila-tooling/s3-server";

const MiB = 1024 ** 2;
const [role = "", ...args] = process.argv.slice(2);
const tell = (what: unknown) => process.send?.(what);

if (role === "server") {
  const server = await startS3Server({ buckets: ["streams"], directory: args[0] ?? "" });
  const { endpoint, accessKeyId, secretAccessKey, region } = server;
  tell({ endpoint, accessKeyId, secretAccessKey, regionName: region, bucketName: "streams" });
} else {
  const pool = new S3Pool(JSON.parse(args[0] ?? "") as S3PoolConfig);
  const length = Number(args[1]);
  // What the SDK and the first connections need is there before the measurement.
  for (let i = 0; i < 20; i++) await pool.write("warm", new Uint8Array(MiB));
  await pool.read("warm");
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  const began = performance.now();
  let bytes = 0;
  if (role === "write") {
    // Always the same buffer of nothing: what is measured is not the source.
    const chunk = new Uint8Array(MiB);
    await pool.writeStream(
      "stream",
      (function* () {
        for (; bytes < length; bytes += chunk.byteLength) yield chunk;
      })(),
    );
  } else if (role === "read") {
    const found = await pool.readStream("stream");
    const hash = createHash("sha1");
    for await (const chunk of found?.stream ?? []) {
      bytes += chunk.byteLength;
      hash.update(chunk);
    }
    if (bytes !== length) throw new Error(`${bytes} of ${length} bytes came.`);
  }
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1000;
  tell({
    role,
    GiB: bytes / 1024 / MiB,
    extraMiB: Math.round((most - before) / MiB),
    peakMiB: Math.round(most / MiB),
    MiBPerSecond: seconds > 0.01 ? Math.round(bytes / MiB / seconds) : 0,
  });
  await pool.close();
  process.disconnect();
}
