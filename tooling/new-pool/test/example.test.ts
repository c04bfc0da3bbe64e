import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { describePool } from "@laila/pool/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpPool } from "../example/http-pool.js";
import { Store } from "./store.js";

const textOf = (path: string): string =>
  readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const example = textOf("example/http-pool.ts");

it("is shown on the page, line for line", () => {
  expect(textOf("../../CONTRIBUTING.md")).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
});

it("has less than 80 lines", () => {
  expect(example.split("\n").length - 1).toBeLessThan(80);
});

const store = new Store();
let url: string;
beforeAll(async () => {
  url = await store.start();
});
afterAll(() => store.stop());

const tokenOf = new Map<string, string>();

describePool(
  "HttpPool",
  {
    supports: {
      conditionalWrites: true,
      durable: false,
      persistent: true,
      batch: false,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 2 ** 28,
      maxKeyBytes: 1024,
    },
    create: () => {
      const token = `secret-${randomUUID()}`;
      const pool = new HttpPool({ url, token });
      tokenOf.set(pool.globalId, token);
      return { pool };
    },
    loseReply: (pool) => store.loseReply(tokenOf.get(pool.globalId) ?? ""),
    unreachable: () => ({ pool: new HttpPool({ url: "http://127.0.0.1:1", token: "secret-" }) }),
    secrets: ["secret-"],
  },
  { describe, it, afterAll },
);
