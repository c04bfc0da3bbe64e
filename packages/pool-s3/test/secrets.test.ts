import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { withTracing } from "@laila/pool/layers";
import { BackblazePool, CloudflarePool, S3Pool } from "@laila/pool-s3";
import { startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { collect } from "./reports.js";

/** Characters that each encoding writes otherwise. */
const accessKeyId = "AKSECRETSEEN00000001";
const secretAccessKey = "s3cr3t/+with=all&kinds?of~chars";
const sessionToken = "FwoGZXIvYXdzE/+token==with&more";

/** Each secret in every form in which one might look for it. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  // Within a longer text, base64 has three ways to write it: what is the same whatever stands around.
  const shifted = [0, 1, 2].map((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return padded.slice(Math.ceil((before * 4) / 3), -4).replace(/=+$/, "");
  });
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    encodeURIComponent(encodeURIComponent(secret)),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("base64url"),
    ...shifted,
  ];
};
const keyForms = [accessKeyId, secretAccessKey].flatMap(formsOf);
const tokenForms = formsOf(sessionToken);

let echo: { endpoint: string; close(): Promise<unknown> };
const seen: string[] = [];
const show = (what: unknown): void => {
  seen.push(inspect(what, { depth: 12, showHidden: true, getters: true, maxStringLength: null }));
  seen.push(String(what), JSON.stringify(what) ?? "");
  for (let error = what; error instanceof Error; error = error.cause)
    seen.push(error.message, error.stack ?? "", inspect(Object.getOwnPropertyDescriptors(error)));
};

beforeAll(async () => {
  // Repeats all that it knows of, in each form, as a careless server or proxy may.
  const http = createServer((request, reply) => {
    const code = request.url?.includes("timeout") ? "RequestTimeTooSkewed" : "Strange";
    // What no pool has been given, none can know as a secret.
    const token = request.headers["x-amz-security-token"] === undefined ? [] : tokenForms;
    const message = `${[...keyForms, ...token].join(" ")} ${request.headers.authorization ?? ""}`
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;");
    const status = request.method === "DELETE" ? 403 : 400;
    request.resume();
    reply
      .writeHead(status, { "Content-Type": "application/xml", "x-amz-request-id": "1" })
      .end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  echo = {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      }),
  };
});
afterAll(() => echo.close());

it("no secret is in any error, log line, warning, inspect output or trace", async () => {
  const server = await startS3Server({ buckets: ["bucket"], accessKeyId, secretAccessKey });
  const own = { bucketName: "bucket", accessKeyId, secretAccessKey };
  const short = { requestTimeoutMs: 200, connectTimeoutMs: 200, partSizeBytes: 5 * 1024 ** 2 };
  const pools = [
    new S3Pool({ ...own, sessionToken, endpoint: echo.endpoint }),
    new S3Pool({ ...own, endpoint: "http://127.0.0.1:1" }),
    new S3Pool({ ...own, ...short, endpoint: server.endpoint }),
    new S3Pool({ ...own, secretAccessKey: `${secretAccessKey}!`, endpoint: server.endpoint }),
    new CloudflarePool({ ...own, accountId: "0".repeat(32), endpoint: echo.endpoint }),
    new BackblazePool({
      bucketName: "bucket",
      applicationKeyId: accessKeyId,
      applicationKey: secretAccessKey,
      endpointUrl: echo.endpoint,
    }),
  ];
  const logs = (["log", "info", "warn", "error", "debug", "trace"] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...words: unknown[]) => words.forEach(show)),
  );
  const written = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      show(String(text));
      return true;
    }),
  );
  process.on("warning", show);
  const traced = (message: unknown): void => show(message);
  const channels = ["start", "end", "asyncStart", "asyncEnd", "error"].map(
    (name) => `tracing:laila:pool:${name}`,
  );
  for (const name of channels) subscribe(name, traced);
  let traces = 0;
  const counting = (): void => void traces++;
  subscribe("tracing:laila:pool:error", counting);
  let failures = 0;
  const failed = (error: unknown): void => {
    failures++;
    show(error);
  };
  const large = new Uint8Array(11 * 1024 ** 2);
  try {
    for (const [i, plain] of pools.entries()) {
      // The third meets faults of a server that it can talk to.
      if (i === 2) server.fault(() => ({ delayMs: 60_000 }));
      else server.fault(undefined);
      show(plain);
      show(plain.toConfig());
      const pool = withTracing(plain);
      const calls: (() => Promise<unknown>)[] = [
        () => pool.open(),
        () => pool.read("k"),
        () => pool.write("k", new Uint8Array(3)),
        () => pool.write("k", new Uint8Array(3), { condition: { ifAbsent: true } }),
        () => pool.delete("k"),
        () => pool.exists("k"),
        () => collect(pool.keys()),
        () => plain.readStream("k"),
        () => plain.cleanup({ olderThan: 0 }),
        ...(i === 2 ? [] : [() => plain.write("timeout", large)]),
        async () => (await collect(pool.readMany(["a", "b"]))).forEach(show),
        async () =>
          (await pool.writeMany([{ key: "a", bytes: large.subarray(0, 3) }])).forEach(show),
        async () => (await pool.deleteMany(["a", "b"])).forEach(show),
      ];
      await Promise.all(calls.map((call) => call().catch(failed)));
      await pool.close();
      await pool.read("k").catch(failed);
    }
  } finally {
    for (const spy of [...logs, ...written]) spy.mockRestore();
    process.off("warning", show);
    for (const name of channels) unsubscribe(name, traced);
    unsubscribe("tracing:laila:pool:error", counting);
    await server.close();
  }
  // It looked at something.
  expect(failures).toBeGreaterThan(50);
  expect(traces).toBeGreaterThan(20);
  const all = seen.join("\n");
  expect(all).toContain("Strange");
  for (const form of [...keyForms, ...tokenForms]) {
    const at = all.indexOf(form);
    expect(at < 0 ? "" : all.slice(Math.max(0, at - 200), at + 100)).toBe("");
  }
});
