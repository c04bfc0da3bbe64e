// The S3 server in a process of its own, so that what it computes is not counted as its client's. Obeys its
// parent over IPC: each message is a call, each answer has the call's number.
import { startS3Server } from "@laila-tooling/s3-server";

const server = await startS3Server({ buckets: ["bench"] });
const { endpoint, region, accessKeyId, secretAccessKey } = server;

/** @type {Record<string, (argument: number) => unknown>} */
const calls = {
  where: () => ({ endpoint, region, accessKeyId, secretAccessKey, bucket: "bench" }),
  latency: (milliseconds) => server.latency(milliseconds),
  /** How many requests have come since the last time. */
  requests: () => {
    const all = [...server.counts.values()].reduce((sum, count) => sum + count, 0);
    server.clearRequests();
    return all;
  },
  close: () => server.close(),
};

process.on(
  "message",
  async (/** @type {{ id: number, name: string, argument: number }} */ message) => {
    const { id, name, argument } = message;
    process.send?.({ id, result: await calls[name]?.(argument) });
    if (name === "close") process.disconnect();
  },
);
// Also when the parent has died.
process.on("disconnect", () => server.close());
