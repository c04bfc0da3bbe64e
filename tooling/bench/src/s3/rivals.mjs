import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { S3Pool } from "@laila/pool-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Operator } from "opendal";
import { createStorage } from "unstorage";
import unstorageS3 from "unstorage/drivers/s3";

/** Requests under way at once, and connections: the same for all. */
const concurrency = 64;

/**
 * So many calls at a time, first come first served.
 *
 * @template I, O
 * @param {readonly I[]} items
 * @param {(item: I) => Promise<O>} act
 * @returns {Promise<O[]>}
 */
export const eachOf = async (items, act) => {
  /** @type {O[]} */
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++)
      results[i] = await act(/** @type {I} */ (items[i]));
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
};

/** @param {import("./types.js").Place} place */
export const poolOf = ({ endpoint, region, bucket, accessKeyId, secretAccessKey }) =>
  new S3Pool({
    bucketName: bucket,
    regionName: region,
    endpoint,
    accessKeyId,
    secretAccessKey,
    maxConnections: concurrency,
  });

/** @type {import("./types.js").OpenRival} */
const laila = async (place) => {
  const pool = poolOf(place);
  const failed = (/** @type {readonly { error?: unknown }[]} */ results) => {
    for (const { error } of results) if (error !== undefined) throw error;
  };
  return {
    put: async (items) => {
      await eachOf(items, ({ key, bytes }) => pool.write(key, bytes, { handOver: true }));
    },
    get: (keys) => eachOf(keys, async (key) => present((await pool.read(key))?.bytes)),
    delete: async (keys) => {
      await eachOf(keys, (key) => pool.delete(key));
    },
    many: {
      put: async (items) =>
        failed(await pool.writeMany(items.map((item) => ({ ...item, handOver: true })))),
      get: async (keys) => {
        const found = new Map();
        for await (const { key, result, error } of pool.readMany(keys)) {
          if (error !== undefined) throw error;
          found.set(key, result?.bytes);
        }
        return keys.map((key) => present(found.get(key)));
      },
      delete: async (keys) => failed(await pool.deleteMany(keys)),
    },
    close: () => pool.close(),
  };
};

/**
 * The SDK as one would use it by hand: the pool's own settings of connections and timeouts.
 *
 * @param {Omit<import("./types.js").Place, "close">} place
 */
export const rawClient = ({ endpoint, region, accessKeyId, secretAccessKey }) => {
  const agent = { keepAlive: true, maxSockets: concurrency };
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 5000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      socketTimeout: 30_000,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  });
};

/** @type {import("./types.js").OpenRival} */
const rawSdk = async (place) => {
  const client = rawClient(place);
  const Bucket = place.bucket;
  /** @type {import("./types.js").Rival["put"]} */
  const put = async (items) => {
    await eachOf(items, ({ key: Key, bytes: Body }) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body })),
    );
  };
  /** @type {import("./types.js").Rival["get"]} */
  const get = (keys) =>
    eachOf(keys, async (Key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return present(await Body?.transformToByteArray());
    });
  return {
    put,
    get,
    delete: async (keys) => {
      await eachOf(keys, (Key) => client.send(new DeleteObjectCommand({ Bucket, Key })));
    },
    many: {
      put,
      get,
      delete: async (keys) => {
        const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: false };
        const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
        if (Errors.length > 0) throw new Error(Errors[0]?.Message);
      },
    },
    close: async () => client.destroy(),
  };
};

/**
 * It has `fetch` underneath: no limit of connections of its own.
 *
 * @param {import("./types.js").Place} place
 */
export const unstorageOf = ({ endpoint, region, bucket, accessKeyId, secretAccessKey }) =>
  createStorage({
    driver: unstorageS3({ endpoint, region, bucket, accessKeyId, secretAccessKey }),
  });

/** @type {import("./types.js").OpenRival} */
const unstorage = async (place) => {
  const storage = unstorageOf(place);
  return {
    put: async (items) => {
      await eachOf(items, ({ key, bytes }) => storage.setItemRaw(key, bytes));
    },
    get: (keys) =>
      eachOf(keys, async (key) => {
        const found = present(await storage.getItemRaw(key));
        return new Uint8Array(/** @type {any} */ (found));
      }),
    delete: async (keys) => {
      await eachOf(keys, (key) => storage.removeItem(key));
    },
    close: () => storage.dispose(),
  };
};

/** @param {import("./types.js").Place} place */
export const opendalOperator = ({ endpoint, region, bucket, accessKeyId, secretAccessKey }) =>
  new Operator("s3", {
    bucket,
    region,
    endpoint,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    disable_config_load: "true",
    disable_ec2_metadata: "true",
  });

/** @type {import("./types.js").OpenRival} */
const opendal = async (place) => {
  const operator = opendalOperator(place);
  return {
    put: async (items) => {
      await eachOf(items, ({ key, bytes }) =>
        operator.write(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      );
    },
    get: (keys) => eachOf(keys, (key) => operator.read(key)),
    delete: async (keys) => {
      await eachOf(keys, (key) => operator.delete(key));
    },
    close: async () => undefined,
  };
};

/** @template T @param {T | null | undefined} found @returns {T} */
const present = (found) => {
  if (found === undefined || found === null) throw new Error("A value is missing.");
  return found;
};

/** @type {Record<string, import("./types.js").OpenRival>} */
export const rivals = { laila, "raw SDK": rawSdk, unstorage, OpenDAL: opendal };
