import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { rawClient } from "./rivals.mjs";

const at = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * The server of this repository, in a process of its own.
 *
 * @returns {Promise<import("./types.js").Target>}
 */
export const ownServer = async () => {
  // Built, also under a test runner that looks for sources.
  const options = { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] };
  const child = fork(at("server-child.mjs"), [], /** @type {{}} */ (options));
  /** @type {Map<number, (result: any) => void>} */
  const waiting = new Map();
  child.on("message", (/** @type {{ id: number, result: unknown }} */ { id, result }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let calls = 0;
  const call = (/** @type {string} */ name, /** @type {number | undefined} */ argument) =>
    new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, resolve);
      child.once("exit", () => reject(new Error("The S3 server has ended.")));
      child.send({ id: calls, name, argument });
    });
  child.setMaxListeners(0);
  const where = await call("where", undefined);
  return {
    name: "tooling/s3-server",
    at: async (latency) => {
      await call("latency", latency);
      return { ...where, close: async () => undefined };
    },
    requests: () => call("requests", undefined),
    close: async () => {
      const gone = once(child, "exit");
      await call("close", undefined);
      await gone;
    },
  };
};

/**
 * Another server, with a line in between when it is to be farther away. It counts no requests. Its secrets
 * come by the environment: LAILA_TEST_S3_ACCESS_KEY_ID, _SECRET_ACCESS_KEY, and _BUCKET (made if it is missing),
 * _REGION.
 *
 * @param {string} endpoint
 * @returns {Promise<import("./types.js").Target>}
 */
export const otherServer = async (endpoint) => {
  const { env } = process;
  const where = {
    region: env.LAILA_TEST_S3_REGION ?? "us-east-1",
    bucket: env.LAILA_TEST_S3_BUCKET ?? "laila-bench",
    accessKeyId: env.LAILA_TEST_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: env.LAILA_TEST_S3_SECRET_ACCESS_KEY ?? "",
  };
  const client = rawClient({ ...where, endpoint });
  try {
    await client.send(new CreateBucketCommand({ Bucket: where.bucket }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "BucketAlreadyOwnedByYou")) throw error;
  } finally {
    client.destroy();
  }
  return {
    name: new URL(endpoint).host,
    at: async (latency) => {
      if (latency === 0) return { ...where, endpoint, close: async () => undefined };
      const { hostname, port } = new URL(endpoint);
      const child = fork(at("delay-child.mjs"), [hostname, port || "80", String(latency)]);
      const [{ port: own }] = await once(child, "message");
      const close = async () => {
        const gone = once(child, "exit");
        child.disconnect();
        await gone;
      };
      return { ...where, endpoint: `http://127.0.0.1:${own}`, close };
    },
    requests: async () => Number.NaN,
    close: async () => undefined,
  };
};
