import { createLaila } from "@laila/core";
import { BackblazePool, CloudflarePool, S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, test } from "vitest";

// Environments that name pools of R2 and B2, which are S3 servers with names of their own for everything.

let r2Server: S3Server;
let b2Server: S3Server;
beforeAll(async () => {
  // The region of every bucket of R2.
  r2Server = await startS3Server({ buckets: ["other"], region: "auto" });
  b2Server = await startS3Server({ buckets: ["other"] });
});
afterAll(() => Promise.all([r2Server.close(), b2Server.close()]));

const args = () => ({
  R2_ACCESS_KEY_ID: r2Server.accessKeyId,
  R2_SECRET_ACCESS_KEY: r2Server.secretAccessKey,
  B2_APP_KEY_ID: b2Server.accessKeyId,
  B2_APP_KEY: b2Server.secretAccessKey,
});
const poolClasses = [S3Pool, CloudflarePool, BackblazePool];

test("an environment of R2 and B2 is saved in one of them and rebuilt from it", async () => {
  const l = createLaila({ args: args() });
  const accountId = "0123456789abcdef0123456789abcdef";
  const r2Of = (of: typeof l) =>
    of.create(CloudflarePool, {
      accountId,
      accessKeyId: of.secret("R2_ACCESS_KEY_ID"),
      secretAccessKey: of.secret("R2_SECRET_ACCESS_KEY"),
      bucketName: "other",
      endpoint: r2Server.endpoint,
      prefix: "r2/",
      nickname: "r2",
    });
  const r2 = r2Of(l);
  l.memory.extend(r2);
  l.memory.extend(
    l.create(BackblazePool, {
      applicationKeyId: l.secret("B2_APP_KEY_ID"),
      applicationKey: l.secret("B2_APP_KEY"),
      bucketName: "other",
      endpointUrl: b2Server.endpoint,
      prefix: "b2/",
      nickname: "b2",
    }),
  );
  const entry = l.constant({ kept: true }, { nickname: "kept" });
  await l.memory.memorize(entry, { poolNickname: "b2" });
  await l.saveEnvironment(l.environment, { name: "others", pool: r2 });
  const stored = JSON.stringify(l.environment);
  expect(stored).toContain('"class_token":"CloudflarePool"');
  expect(stored).toContain('"account_id":"0123456789abcdef0123456789abcdef"');
  expect(stored).toContain('"class_token":"BackblazePool"');
  expect(stored).toContain('"application_key":{"$secret":"B2_APP_KEY"}');
  for (const secret of Object.values(args())) expect(stored).not.toContain(secret);

  const other = createLaila({ args: args() });
  const trust = ["B2_APP_KEY_ID", "B2_APP_KEY"].map((secret) => ({
    secret,
    origin: b2Server.endpoint,
  }));
  const from = r2Of(other);
  const policy = await other.recoverPolicy({
    name: "others",
    pool: from,
    poolClasses,
    trust,
    args: other.args,
  });
  const before = other.activate(policy);
  expect((await other.memory.remember(entry.globalId, { poolNickname: "b2" })).data).toEqual({
    kept: true,
  });
  expect(JSON.stringify(other.environment)).toBe(stored);
  await Promise.all([l.close(), other.close(), before.close(), from.close()]);
});
