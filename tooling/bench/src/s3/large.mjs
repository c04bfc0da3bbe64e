import { deepStrictEqual } from "node:assert/strict";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { interleaved } from "../rounds.mjs";
import { measured, reportOf } from "./measure.mjs";
import { eachOf, opendalOperator, poolOf, rawClient, unstorageOf } from "./rivals.mjs";

const MiB = 2 ** 20;
const partSize = 8 * MiB;
const key = "large";

/** @typedef {{ put(bytes: Uint8Array): Promise<unknown>, get(): Promise<Uint8Array>, delete(): Promise<unknown>, close(): Promise<void> }} Large */

/** @type {Record<string, (place: import("./types.js").Place) => Large>} */
const rivals = {
  laila: (place) => {
    const pool = poolOf(place);
    return {
      put: (bytes) => pool.write(key, bytes, { handOver: true }),
      get: async () => (await pool.read(key))?.bytes ?? new Uint8Array(),
      delete: () => pool.delete(key),
      close: () => pool.close(),
    };
  },
  "raw SDK": (place) => {
    const client = rawClient(place);
    const object = { Bucket: place.bucket, Key: key };
    return {
      put: (Body) => client.send(new PutObjectCommand({ ...object, Body })),
      get: async () => {
        const { Body } = await client.send(new GetObjectCommand(object));
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      },
      delete: () => client.send(new DeleteObjectCommand(object)),
      close: async () => client.destroy(),
    };
  },
  "raw SDK, in parts": (place) => {
    const client = rawClient(place);
    const object = { Bucket: place.bucket, Key: key };
    return {
      put: (bytes) => putParts(client, object, bytes),
      get: async () => {
        const { ContentLength = 0, ETag } = await client.send(new HeadObjectCommand(object));
        const bytes = new Uint8Array(ContentLength);
        await eachOf(startsOf(ContentLength), async (start) => {
          const end = Math.min(start + partSize, ContentLength);
          const Range = `bytes=${start}-${end - 1}`;
          const { Body } = await client.send(
            new GetObjectCommand({ ...object, Range, IfMatch: ETag }),
          );
          bytes.set((await Body?.transformToByteArray()) ?? new Uint8Array(), start);
        });
        return bytes;
      },
      delete: () => client.send(new DeleteObjectCommand(object)),
      close: async () => client.destroy(),
    };
  },
  unstorage: (place) => {
    const storage = unstorageOf(place);
    return {
      put: (bytes) => storage.setItemRaw(key, bytes),
      get: async () => new Uint8Array(/** @type {any} */ (await storage.getItemRaw(key))),
      delete: () => storage.removeItem(key),
      close: () => storage.dispose(),
    };
  },
  OpenDAL: (place) => {
    const operator = opendalOperator(place);
    const inParts = { chunk: BigInt(partSize), concurrent: 8 };
    return {
      put: (bytes) => operator.write(key, Buffer.from(bytes.buffer), inParts),
      get: () => operator.read(key, { chunk: partSize, concurrent: 8 }),
      delete: () => operator.delete(key),
      close: async () => undefined,
    };
  },
};

const startsOf = (/** @type {number} */ length) =>
  Array.from({ length: Math.ceil(length / partSize) }, (_, i) => i * partSize);

/**
 * @param {import("@aws-sdk/client-s3").S3Client} client
 * @param {{ Bucket: string, Key: string }} object
 * @param {Uint8Array} bytes
 */
const putParts = async (client, object, bytes) => {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "CRC32" }),
  );
  const Parts = await eachOf(startsOf(bytes.length), async (start) => {
    const PartNumber = start / partSize + 1;
    const Body = bytes.subarray(start, start + partSize);
    const { ETag, ChecksumCRC32 } = await client.send(
      new UploadPartCommand({ ...object, UploadId, PartNumber, Body, ChecksumAlgorithm: "CRC32" }),
    );
    return { ETag, ChecksumCRC32, PartNumber };
  });
  await client.send(
    new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
  );
};

/**
 * One value of 256 MiB.
 *
 * @param {import("./types.js").Target} target
 * @param {number} latency
 * @param {import("../types.js").Size} size
 * @returns {Promise<import("../types.js").Section>}
 */
export const large = async (target, latency, { quick, rounds }) => {
  const bytes = new Uint8Array((quick ? 24 : 256) * MiB);
  new Uint32Array(bytes.buffer).forEach((_, i, all) => {
    all[i] = Math.imul(i, 0x9e3779b1);
  });
  const place = await target.at(latency);
  const open = Object.entries(rivals).map(([name, make]) => ({ name, rival: make(place) }));
  const samples = await interleaved(
    Object.fromEntries(open.map(({ name, rival }) => [name, () => round(target, rival, bytes)])),
    { rounds },
  );
  for (const { rival } of open) await rival.close();
  await place.close();
  const load = `1 × ${bytes.length / MiB} MiB`;
  return reportOf(`${load} on ${target.name}, ${latency} ms of added round trip`, samples, {
    oneRequest: false,
  });
};

/**
 * @param {import("./types.js").Target} target
 * @param {Large} rival
 * @param {Uint8Array} bytes
 */
const round = async (target, rival, bytes) => {
  const put = await measured(target, () => rival.put(bytes));
  /** @type {Uint8Array} */
  let read = new Uint8Array();
  const get = await measured(target, async () => {
    read = await rival.get();
  });
  const gone = await measured(target, () => rival.delete());
  deepStrictEqual(Buffer.compare(read, bytes), 0);
  return Object.fromEntries(
    Object.entries({ put, get, delete: gone }).flatMap(([verb, numbers]) =>
      Object.entries(numbers).map(([what, value]) => [
        `${verb} ${what}`,
        what === "requests" ? value : value * 1000,
      ]),
    ),
  );
};
