import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { publishable } from "../src/packages.mjs";
import { Consumer, node } from "./support/consumer.js";

let server: Awaited<ReturnType<typeof startS3Server>>;

beforeAll(async () => {
  server = await startS3Server({ buckets: ["alone"] });
});
afterAll(() => server.close());

/** What a backend's class is given; one that is not here needs nothing. */
const configs: Readonly<Record<string, () => object>> = {
  "@laila/pool-s3": () => ({
    bucketName: "alone",
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    regionName: server.region,
    endpoint: server.endpoint,
  }),
  "@laila/pool-fs": () => ({ directory: "pool" }),
  "@laila/pool-hdf5": () => ({ filePath: "pool.h5" }),
  "@laila/pool-sqlite": () => ({ filePath: "pool.sqlite" }),
  "@laila/pool-opendal": () => ({ scheme: "fs", directory: "pool" }),
};

/** Of several classes in one package, the one whose configuration this is. */
const tokens: Readonly<Record<string, string>> = { "@laila/pool-s3": "S3Pool" };

const backends = publishable()
  .filter(({ manifest }) => manifest.peerDependencies?.["@laila/pool"])
  .map(({ manifest }) => manifest.name);

/** The package and those of ours that it needs, peers included. */
function needed(name: string): string[] {
  const { dependencies, peerDependencies } =
    publishable().find(({ manifest }) => manifest.name === name)?.manifest ?? {};
  const ours = Object.keys({ ...dependencies, ...peerDependencies }).filter((dependency) =>
    dependency.startsWith("@laila/"),
  );
  return [...new Set([name, ...ours.flatMap(needed)])];
}

it("knows the backends", () => {
  expect(backends).toEqual(expect.arrayContaining(Object.keys(configs)));
});

describe.each(backends)("%s", (name) => {
  it("works on its own, with its peers only", async () => {
    const consumer = await Consumer.install(needed(name).map((one) => inject("tarballs")[one]!));
    try {
      const installed = await readdir(join(consumer.directory, "node_modules/@laila"));
      expect(installed.map((one) => `@laila/${one}`).sort()).toEqual(needed(name).sort());
      const cwd = await consumer.folder("alone", {
        "config.json": JSON.stringify(configs[name]?.() ?? {}),
        "use.mjs": `
          import { readFileSync } from "node:fs";
          import * as all from "${name}";
          const token = ${JSON.stringify(tokens[name])};
          const Pool = Object.values(all).find(
            ({ classToken }) => classToken && (token === undefined || classToken === token),
          );
          const pool = new Pool(JSON.parse(readFileSync("config.json", "utf8")));
          await pool.write("a/b", Uint8Array.of(1, 2, 3));
          const { bytes } = await pool.read("a/b");
          const missing = await pool.read("c");
          const keys = [];
          for await (const key of pool.keys()) keys.push(key);
          await pool.close();
          console.log(JSON.stringify({ bytes: [...bytes], missing: missing === undefined, keys }));
        `,
      });
      const outcome = await node(["use.mjs"], { cwd });
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(JSON.parse(outcome.stdout)).toEqual({
        bytes: [1, 2, 3],
        missing: true,
        keys: ["a/b"],
      });
    } finally {
      await consumer.remove();
    }
  });
});
