import { expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import { constant, Manifest, Policy } from "../src/index.js";

const shape = z.object({
  config: z.object({ port: z.coerce.number() }),
  names: z.array(z.string()),
});

async function saved(port: unknown): Promise<Policy> {
  const policy = new Policy();
  const manifest = new Manifest(
    policy,
    { config: constant({ port }), names: [constant("a"), constant("b")] },
    { nickname: "m" },
  );
  await manifest.memorize();
  return policy;
}

it("gives the data as any Standard Schema says it is", async () => {
  const policy = await saved("80");
  const found = await Manifest.recall(policy, "m", { schema: shape });
  const data = await found.realizeData();
  expectTypeOf(data).toEqualTypeOf<{ config: { port: number }; names: string[] }>();
  expect(data).toEqual({ config: { port: 80 }, names: ["a", "b"] });
  // Entries stay what was stored.
  expect((await found.realize()).config.data).toEqual({ port: "80" });
});

it("refuses data that does not fit, with the path", async () => {
  const policy = await saved("eighty");
  const found = await Manifest.recall(policy, "m", { schema: shape });
  for (const attempt of [found.realizeData(), found.realize()]) {
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_DOCUMENT",
      message: expect.stringContaining("config.port"),
      details: { manifest: found.globalId },
    });
  }
  expect(await (await Manifest.recall(policy, "m")).realizeData()).toEqual({
    config: { port: "eighty" },
    names: ["a", "b"],
  });
});
