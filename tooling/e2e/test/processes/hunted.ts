// A long working day with secrets, everything printed that can be: tests/secret-hunt.test.ts reads all of it.
import { subscribe } from "node:diagnostics_channel";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import {
  commands,
  createLaila,
  formatPlan,
  type Laila,
  LailaError,
  Policy,
  resealEnvironment,
  Secret,
  sealEnvironment,
  unsealEnvironment,
  variables,
} from "@laila/core";
import {
  lateOutcomeChannel,
  poolTracingChannel,
  withRetry,
  withTracing,
  withTransforms,
} from "@laila/pool/layers";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";

const given = JSON.parse(await readFile("./given.json", "utf8")) as {
  readonly identity: string;
  readonly recipient: string;
  readonly passphrase: string;
  readonly signingKey: string;
  readonly verifyKey: string;
  readonly typed: string;
  readonly session: string;
};
process.env.SESSION_PASSWORD = given.session;
const errors: string[] = [];
let printed = 0;

/** Every way in which something may come to be read by somebody. */
function show(...values: unknown[]): void {
  for (const value of values) {
    printed++;
    console.log(value);
    console.error(inspect(value, { depth: 12, showHidden: true, getters: false, showProxy: true }));
    console.log(
      attempt(() => JSON.stringify(value)),
      attempt(() => String(value)),
    );
    if (value instanceof Error) {
      console.error(
        value.stack,
        value.message,
        inspect(value.cause, { depth: 12, showHidden: true }),
      );
      if (value instanceof LailaError) errors.push(value.code);
    }
  }
}

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return inspect(error);
  }
}

async function fails(call: () => unknown): Promise<void> {
  const error: unknown = await Promise.resolve()
    .then(call)
    .then(
      (value) => ["it did not fail", value],
      (thrown: unknown) => thrown,
    );
  show(error);
  if (error instanceof LailaError) show(error.toJSON());
  else throw new Error(`This should have failed: ${String(call)} ${inspect(error)}`);
}

for (const name of [poolTracingChannel, lateOutcomeChannel, "laila:unobserved-failure"])
  for (const part of [
    name,
    ...["start", "end", "asyncEnd", "error"].map((one) => `tracing:${name}:${one}`),
  ])
    subscribe(part, (message) => show(message));
process.on("warning", (warning) => show(warning));

const laila: Laila = createLaila();
await laila.readArgs("./secrets.toml");
await laila.readArgs("./more.env");
await laila.readArgs("./commands.toml", { commands: true });
laila.readVariables("SESSION_PASSWORD");
await laila.readArgs([`TOKEN=${laila.args.DB_PASSWORD}`]);
show(laila, laila.args, { ...laila }, Object.keys(laila.args));
show(laila.explainArgs({ classes: [S3Pool, HDF5Pool] }));

const bucket = {
  bucketName: laila.args.AWS_BUCKET_NAME,
  regionName: laila.args.AWS_REGION,
  endpoint: laila.args.AWS_ENDPOINT,
};
const keys = {
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
};
const s3 = withTracing(withRetry(laila.create(S3Pool, { ...bucket, ...keys, nickname: "s3" })));
const typed = laila.create(S3Pool, {
  ...bucket,
  accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
  secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
  sessionToken: given.typed,
  prefix: "typed/",
  nickname: "typed",
});
const diary = withTransforms(laila.create(HDF5Pool, { nickname: "diary", filePath: "diary.h5" }), [
  { gzip: true },
  { encrypt: { keyId: "k1", key: laila.secret("DIARY_KEY") } },
]);
const safe = withTransforms(
  laila.create(S3Pool, { ...bucket, ...keys, prefix: "safe/", nickname: "safe" }),
  [{ encrypt: { keyId: "k1", key: laila.secret("DIARY_KEY") } }],
);
for (const pool of [s3, typed, diary, safe]) {
  laila.memory.extend(pool);
  show(pool, pool.toConfig());
}
show(laila.policy, laila.memory, laila.secret("DB_PASSWORD"), new Secret(given.typed));
show(laila.configure(S3Pool, keys).origins);

// Values, manifests, futures.
const entry = laila.constant({ page: 1 }, { nickname: "page" });
for (const poolNickname of ["s3", "diary", "safe"]) {
  const future = laila.memorize(entry, { poolNickname });
  show(future);
  await future;
  show(await laila.remember({ nickname: "page" }, { poolNickname }));
}
await laila.manifest({ entry }, { nickname: "book" }).memorize({ poolNickname: "s3" });

// The set-up: saved, signed, sealed, compared, labelled, recovered.
const { environment } = laila;
show(environment);
const save = {
  name: "prod",
  pool: s3,
  sign: given.signingKey,
  message: "day one",
  author: "hunter",
};
show(await laila.saveEnvironment(environment, save));
const sealed = await laila.seal({ recipients: [given.recipient] });
show(sealed, await laila.saveEnvironment(sealed, save));
const resealed = await resealEnvironment(sealed, {
  unlock: { identities: [given.identity] },
  passphrase: given.passphrase,
  workFactor: 2,
});
show(resealed, await laila.saveEnvironment(resealed, save));
const byName = {
  name: "prod",
  pool: s3,
  poolClasses: [S3Pool, HDF5Pool],
  passphrase: given.passphrase,
  verify: given.verifyKey,
  resolvers: [
    variables(process.env, { allow: ["SESSION_PASSWORD"] }),
    commands({ X: { command: [process.execPath, "-e", "console.log(1)"] } }),
  ],
} as const;
const trust = Object.keys(await unsealEnvironment(resealed, { passphrase: given.passphrase })).map(
  (secret) => ({ secret, origin: String(laila.args.AWS_ENDPOINT) }),
);
const plan = await laila.recoverPolicy({ ...byName, trust, dryRun: true });
show(plan, formatPlan(plan));
show(await laila.doctor(), await laila.doctor({ ...byName, trust, reuse: laila.policy }));
const policy = await laila.recoverPolicy({
  ...byName,
  trust,
  args: laila.args,
  reuse: laila.policy,
});
await laila.activate(policy).close();
show(policy, laila.environment);

// Everything that can go wrong with a secret near it.
const args = { ...laila.args } as Record<string, unknown>;
const changed = (change: (config: Record<string, unknown>) => void, from: object = environment) => {
  const document = structuredClone(from) as typeof environment;
  const { pools } = document.policy.central.memory.pool_router;
  const config = Object.values(pools).find(({ nickname }) => nickname === "s3");
  change(config as Record<string, unknown>);
  return document;
};
const recover =
  (document: unknown, more: object = {}) =>
  () =>
    laila.recoverPolicy({
      environment: document,
      poolClasses: [S3Pool, HDF5Pool],
      args: laila.args,
      ...more,
    });
const wrongKey = { ...bucket, ...keys, secretAccessKey: `${keys.secretAccessKey}x`, nickname: "w" };
await fails(() => laila.create(S3Pool, wrongKey).open());
await fails(() =>
  laila.create(S3Pool, { ...bucket, ...keys, bucketName: "no-such-bucket" }).open(),
);
await fails(() =>
  laila
    .create(S3Pool, { ...bucket, ...keys, endpoint: "http://127.0.0.1:9", connectTimeoutMs: 500 })
    .read("x"),
);
await fails(() => laila.create(S3Pool, { ...bucket, ...keys, bucketName: laila.args.DB_PASSWORD }));
await fails(() =>
  laila.create(S3Pool, { ...bucket, ...keys, maxConnections: keys.secretAccessKey as never }),
);
await fails(() => laila.create(S3Pool, { ...bucket, accessKeyId: keys.accessKeyId }));
await fails(() =>
  laila.create(S3Pool, {
    ...bucket,
    ...keys,
    endpoint: `https://u:${encodeURIComponent(keys.secretAccessKey)}@x.example`,
  }),
);
await fails(() => laila.args.DB_PASWORD);
await fails(() => laila.readArgs(String(args.DB_PASSWORD)));
await fails(() => laila.readArgs(`DB_PASSWORD ${String(args.DB_PASSWORD)}`));
await fails(() => laila.readArgs("./broken.toml"));
await fails(() => laila.readArgs("./broken.json"));
await fails(() => laila.readArgs("./failing.toml", { commands: true }));
await fails(() => laila.readVariables("NOT_SET_AT_ALL"));
await fails(recover(changed((config) => (config.endpoint = "https://evil.example"))));
await fails(recover(changed((config) => (config.endpoint = "http://10.0.0.1"))));
await fails(recover(changed((config) => (config.bucket_name = { $secret: "DB_PASSWORD" }))));
await fails(recover(changed((config) => (config.secret_access_key = args.AWS_SECRET_ACCESS_KEY))));
await fails(recover(environment, { args: {} }));
await fails(recover(environment, { poolClasses: [] }));
await fails(recover(environment, { trust }));
await fails(recover(sealed, { args: {}, identities: [given.identity.replace(/..$/, "QQ")] }));
await fails(recover(resealed, { args: {}, passphrase: `${given.passphrase}x` }));
await fails(
  recover(
    { ...changed((config) => (config.prefix = "x/")), sealed: sealed.sealed },
    { args: {}, identities: [given.identity] },
  ),
);
await fails(() => sealEnvironment(environment, { args: laila.args, recipients: [given.identity] }));
await fails(() => laila.recoverPolicy({ ...byName, verify: given.signingKey.replace("A", "B") }));
await fails(() => laila.saveEnvironment(environment, { ...save, sign: given.passphrase }));
// A secret where none belongs: captures refuse it, in every form.
for (const nickname of [
  keys.secretAccessKey,
  `x${encodeURIComponent(String(args.DB_PASSWORD))}y`,
]) {
  const other = new Policy();
  other.central.memory.extend(laila.create(HDF5Pool, { nickname, filePath: "x.h5" }));
  const l = createLaila({ args });
  l.activate(other);
  await fails(() => l.environment);
}
// Nobody waits for this one.
laila.memory.memorize(
  laila.constant(() => keys.secretAccessKey),
  { poolNickname: "s3" },
);
await fails(() => laila.close());
// A key that no longer opens what it closed.
const other = createLaila({ home: laila.home, directory: laila.directory });
const wrong = withTransforms(other.create(S3Pool, { ...bucket, ...keys, prefix: "safe/" }), [
  { encrypt: { keyId: "k1", key: Buffer.alloc(32, 9).toString("base64") } },
]);
await fails(() => other.memory.remember({ nickname: "page" }, { pool: wrong }));
await wrong.close();
await writeFile("./late.toml", 'DB_PASSWORD = "not it"\n');
await chmod("./late.toml", 0o644);
await other.readArgs("./late.toml");
await new Promise((resolve) => setTimeout(resolve, 50));
process.send?.({ printed, errors });
