import { createInterface } from "node:readline";
import { isLailaError } from "@laila/pool";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { bytesOf } from "./soak-model.js";

/** What a child is told, as one line of JSON. */
export interface KilledTask {
  readonly config: S3PoolConfig;
  /** Of this child alone. */
  readonly firstId: number;
  readonly largeBytes: number;
}

/** What it tells before a write and after it. */
export interface KilledReport {
  readonly event: "begins" | "done";
  readonly key: string;
  readonly id: number;
  readonly size: number;
}

const say = (report: KilledReport): Promise<void> =>
  new Promise((resolve, reject) => {
    const line = `${JSON.stringify(report)}\n`;
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
  });

/** Writes for ever: large values, values on condition of a version, new keys; each told before and after. */
async function main({ config, firstId, largeBytes }: KilledTask): Promise<void> {
  const pool = new S3Pool(config);
  let id = firstId;
  const told = async (
    key: string,
    size: number,
    write: (bytes: Uint8Array) => Promise<unknown>,
  ) => {
    const mark = { id: ++id, size };
    await say({ event: "begins", key, ...mark });
    await write(bytesOf(mark));
    await say({ event: "done", key, ...mark });
  };
  const large = async (): Promise<never> => {
    for (;;) await told("large", largeBytes + (id % 1000), (bytes) => pool.write("large", bytes));
  };
  const conditional = async (): Promise<never> => {
    for (;;) {
      const version = (await pool.read("conditional"))?.version;
      const condition =
        version === undefined ? { ifAbsent: true as const } : { ifVersion: version };
      await told("conditional", 300_000, async (bytes) => {
        try {
          await pool.write("conditional", bytes, { condition });
        } catch (error) {
          // What an earlier child had sent may have come only now.
          if (!isLailaError(error, "CONFLICT")) throw error;
          await pool.write("conditional", bytes);
        }
      });
    }
  };
  const created = async (): Promise<never> => {
    for (;;) {
      const key = `created ${id + 1}`;
      const condition = { ifAbsent: true } as const;
      await told(key, 2_000_000, (bytes) => pool.write(key, bytes, { condition }));
    }
  };
  const largeIfVersion = async (): Promise<never> => {
    let version = (await pool.read("large conditional"))?.version;
    for (;;) {
      const condition =
        version === undefined ? { ifAbsent: true as const } : { ifVersion: version };
      await told("large conditional", largeBytes, async (bytes) => {
        version = await pool.write("large conditional", bytes, { condition });
      });
    }
  };
  await Promise.all([large(), conditional(), created(), largeIfVersion()]);
}

const [line] = await createInterface({ input: process.stdin })
  [Symbol.asyncIterator]()
  .next()
  .then(({ value }) => [String(value)]);
await main(JSON.parse(line ?? "") as KilledTask);
