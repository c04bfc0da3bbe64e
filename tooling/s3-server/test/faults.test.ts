import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Fault,
  type FaultRequest,
  faultPlan,
  type S3Server,
  startS3Server,
} from "../src/index.js";
import { bytesOf, clientOf, outcome, raw, refusal, staged } from "./support.js";

const Bucket = "first";
const Key = "a/key";
const value = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
let server: S3Server;
let client: ReturnType<typeof clientOf>;

beforeEach(async () => {
  server = await startS3Server({ buckets: [Bucket] });
  client = clientOf(server);
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

const put = (Body = value) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = async (more = {}) =>
  bytesOf(await client.send(new GetObjectCommand({ Bucket, Key, ...more })));
const always = (fault: Fault) => server.fault(() => fault);
const stored = () => server.readObject(Bucket, Key);

describe("a write", () => {
  test.each(["reset", "reset-in-request"] as const)("%s: is not done", async (fault) => {
    always(fault);
    expect(await outcome(put())).not.toBe("ok");
    expect(await stored()).toBeUndefined();
    expect(await staged(server)).toEqual([]);
    expect(server.requests.at(-1)).toMatchObject({ operation: "PutObject", fault, status: 0 });
  });

  test.each(["reset-after-commit", "reset-in-reply"] as const)(
    "%s: is done, and nobody hears of it",
    async (fault) => {
      always(fault);
      expect(await outcome(put())).not.toBe("ok");
      expect(await stored()).toEqual(value);
    },
  );

  test("flip-request: is refused", async () => {
    always("flip-request");
    expect(["BadDigest", "XAmzContentSHA256Mismatch"]).toContain(await outcome(put()));
    expect(await stored()).toBeUndefined();
  });

  test("is answered with an error that was asked for, and not done", async () => {
    always({ status: 503, code: "SlowDown" });
    expect(await refusal(put())).toEqual({ name: "SlowDown", status: 503 });
    expect(await stored()).toBeUndefined();
    expect(server.requests.at(-1)).toMatchObject({ fault: "SlowDown", status: 503 });
  });

  test("flips and cuts touch nothing where there is no body", async () => {
    for (const fault of ["flip", "shorten", "truncate"] as const) {
      always(fault);
      await put();
      await client.send(new HeadObjectCommand({ Bucket, Key }));
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  });
});

describe("a read", () => {
  beforeEach(async () => {
    await put();
  });

  test.each(["reset", "reset-after-commit", "reset-in-reply", "truncate"] as const)(
    "%s: does not end",
    async (fault) => {
      always(fault);
      expect(await outcome(get())).not.toBe("ok");
    },
  );

  test("flip and shorten: is found out by the checksum, and only by that", async () => {
    const unchecked = clientOf(server, { responseChecksumValidation: "WHEN_REQUIRED" });
    const read = async () => bytesOf(await unchecked.send(new GetObjectCommand({ Bucket, Key })));
    always("flip");
    expect(await outcome(get())).not.toBe("ok");
    const flipped = await read();
    expect(flipped.filter((byte, i) => byte !== value[i])).toHaveLength(1);
    always("shorten");
    expect(await outcome(get())).not.toBe("ok");
    expect(await read()).toEqual(value.subarray(0, 50_000));
    unchecked.destroy();
  });

  test("bodyMs: comes whole", async () => {
    always({ bodyMs: 40 });
    expect(await get()).toEqual(value);
  });
});

test("clockSkewMs: the server's clock is another one, its Date too", async () => {
  always({ clockSkewMs: 3_600_000 });
  expect(await refusal(put())).toEqual({ name: "RequestTimeTooSkewed", status: 403 });
  const { headers } = await raw(server.endpoint);
  expect(Date.parse(headers.date ?? "") - Date.now()).toBeGreaterThan(3_000_000);
  // The SDK corrects its own clock by that of the server.
  const patient = clientOf(server, { maxAttempts: 2 });
  await patient.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  patient.destroy();
});

test("latency is before every request, and requests are counted", async () => {
  server.latency(30);
  const begun = performance.now();
  await put();
  await get();
  expect(performance.now() - begun).toBeGreaterThanOrEqual(58);
  expect(Object.fromEntries(server.counts)).toEqual({ PutObject: 1, GetObject: 1 });
  server.clearRequests();
  expect(server.counts.size).toBe(0);
});

describe("a plan", () => {
  const request = (operation: string, key = "k", more: Partial<FaultRequest> = {}) => ({
    method: operation.startsWith("Get") ? "GET" : "PUT",
    path: `/${Bucket}/${key}`,
    bucket: Bucket,
    key,
    operation,
    headers: {},
    partNumber: undefined,
    ...more,
  });

  test("follows its rules, the first that strikes", () => {
    const plan = faultPlan(1, [
      { fault: "reset", operation: "GetObject", key: /^x/ },
      { fault: "flip", operation: ["GetObject", "HeadObject"] },
      { fault: { delayMs: 1 }, method: "PUT" },
      { fault: "truncate", probability: 0 },
    ]);
    expect(plan(request("GetObject", "xyz"))).toBe("reset");
    expect(plan(request("GetObject", "yx"))).toBe("flip");
    expect(plan(request("PutObject"))).toEqual({ delayMs: 1 });
    expect(plan(request("DeleteObject", "k", { method: "DELETE" }))).toBeUndefined();
  });

  test("gives the same requests the same faults, in whatever order they come", () => {
    const requests = Array.from({ length: 2000 }, (_, i) =>
      request(i % 2 ? "GetObject" : "PutObject", `key-${i % 100}`),
    );
    const outcomes = (seed: number, order: readonly FaultRequest[]) => {
      const plan = faultPlan(seed, [{ fault: "reset", probability: 0.2 }]);
      const found = new Map<string, (Fault | undefined)[]>();
      for (const one of order) {
        const name = `${one.operation} ${one.key}`;
        found.set(name, [...(found.get(name) ?? []), plan(one)]);
      }
      return found;
    };
    const first = outcomes(7, requests);
    const sorted = requests.toSorted((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
    expect(outcomes(7, sorted)).toEqual(first);
    expect(outcomes(8, requests)).not.toEqual(first);
    const struck = [...first.values()].flat().filter(Boolean).length;
    expect(struck).toBeGreaterThan(300);
    expect(struck).toBeLessThan(500);
    // A retry has a new chance.
    expect(new Set(first.get("PutObject key-0"))).toContain(undefined);
  });
});
