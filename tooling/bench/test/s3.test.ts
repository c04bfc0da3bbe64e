import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { round } from "../src/s3/objects.mjs";
import { rivals } from "../src/s3/rivals.mjs";
import { ownServer } from "../src/s3/targets.mjs";

const items = Array.from({ length: 10 }, (_, i) => ({ key: `k${i}`, bytes: randomBytes(1000) }));

it("puts, gets and deletes with every rival, one request for each object", async () => {
  const target = await ownServer();
  const place = await target.at(0);
  try {
    for (const [name, open] of Object.entries(rivals)) {
      const rival = await open(place);
      const numbers = await round(target, rival, items);
      const requests = ["put", "get", "delete"].map((verb) => numbers[`${verb} requests`]);
      expect({ name, requests }).toEqual({ name, requests: [1, 1, 1] });
      await rival.close();
    }
  } finally {
    await target.close();
  }
});

it("does not time a rival that gives back something else", async () => {
  const target = await ownServer();
  try {
    const forgetful = {
      put: async () => undefined,
      get: async (keys: readonly string[]) => keys.map(() => new Uint8Array(1000)),
      delete: async () => undefined,
      close: async () => undefined,
    };
    await expect(round(target, forgetful, items)).rejects.toThrow();
  } finally {
    await target.close();
  }
});
