import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  createLaila,
  type EnvironmentDocument,
  globalIdOf,
  type Laila,
  newIdentity,
  type Recovering,
  type RecoverOptions,
} from "@laila/core";
import { withTransforms } from "@laila/pool/layers";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { secretsIn } from "./support/secrets.js";
import { Stranger, socketsOpened } from "./support/stranger.js";

// Rule by rule: somebody who can write everything into the bucket tries to break it. Whatever reaches
// the stranger's hosts is recorded, and so is every socket that this process opens.

let server: S3Server;
let stranger: Stranger;
let folder: string;
let mark: string;
let l: Laila;
let s3: S3Pool;
const ambient = ["AMBIENTKEYID0001", "ambient-secret-of-this-machine", "ambient-session-token"];
const password = "correct horse battery";

beforeAll(async () => {
  server = await startS3Server({ buckets: ["rules"] });
});
afterAll(() => server.close());

beforeEach(async () => {
  stranger = await new Stranger().listen();
  folder = await mkdtemp(join(tmpdir(), "laila-rules-"));
  mark = join(folder, "somebody ran something");
  await mkdir(join(folder, "project"));
  // What the machine has, in every way the SDK knows: none of it may leave, and nothing may be run.
  const config = join(folder, "aws-config");
  const touch = `${process.execPath} -e "require('fs').writeFileSync(process.argv[1],'')" "${mark}"`;
  await writeFile(config, `[profile evil]\ncredential_process = ${touch}\nregion = evil-1\n`);
  const env = {
    AWS_ACCESS_KEY_ID: ambient[0],
    AWS_SECRET_ACCESS_KEY: ambient[1],
    AWS_SESSION_TOKEN: ambient[2],
    AWS_CONFIG_FILE: config,
    AWS_ENDPOINT_URL: stranger.url,
    AWS_ENDPOINT_URL_S3: stranger.url,
    DB_PASSWORD: password,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  l = createLaila({
    home: join(folder, "home"),
    directory: join(folder, "project"),
    args: {
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      DB_PASSWORD: password,
      DIARY_KEY: randomBytes(32).toString("base64"),
    },
  });
  s3 = bucketPool();
  l.memory.extend(s3, { poolNickname: "s3" });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await l.close();
  await stranger.close();
  await expect(stat(mark)).rejects.toThrow();
  await rm(folder, { recursive: true });
});

function bucketPool(more: object = {}): S3Pool {
  return new S3Pool({
    bucketName: "rules",
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
    nickname: "s3",
    ...more,
  });
}

type Fields = Record<string, unknown>;
interface Router {
  pools: Record<string, Fields>;
  pools_nicknames: Record<string, string>;
  affinities: Record<string, number>;
  proxies: Record<string, string>;
}

function changed(change: (config: Fields, router: Router, document: Fields) => void) {
  const document = structuredClone(l.environment);
  const router = document.policy.central.memory.pool_router as unknown as Router;
  change(router.pools[s3.globalId] ?? {}, router, document as unknown as Fields);
  return document;
}

const asked = (environment: unknown): Recovering => ({
  environment,
  poolClasses: [S3Pool, HDF5Pool],
  args: l.args,
  from: s3,
});

/** What a recovery is refused with, when nothing has left this machine and no secret is in the refusal. */
async function refusal(environment: unknown, more: RecoverOptions = {}) {
  let error: unknown;
  const sockets = await socketsOpened(async () => {
    error = await l.recoverPolicy({ ...asked(environment), ...more }).then(
      (policy) => policy.close().then(() => "it was recovered"),
      (thrown: unknown) => thrown,
    );
  });
  expect(sockets).toBe(0);
  expect(stranger.received).toEqual([]);
  const secrets = [server.secretAccessKey, password, ...ambient];
  expect(secretsIn(`${inspect(error, { depth: 9 })}${JSON.stringify(error)}`, secrets)).toEqual([]);
  return error as { code: string; message: string; details: Fields };
}

const code = (error: { code: string }): string => error.code;

describe("1. secrets only where the schema has them, no unknown fields", () => {
  const evil = { $secret: "DB_PASSWORD" };
  test.each<[string, (config: Fields) => void]>([
    ["as the bucket", (config) => (config.bucket_name = evil)],
    ["as the endpoint", (config) => (config.endpoint = evil)],
    ["as the prefix", (config) => (config.prefix = evil)],
    ["inside of a plain field", (config) => (config.prefix = { deep: [{ deeper: evil }] })],
    ["with more than a name", (config) => (config.access_key_id = { ...evil, default: "x" })],
    ["in a field nobody knows", (config) => (config.user_agent = evil)],
    ["in a layer", (config) => (config.layers = [{ class_token: "Retry", attempts: evil }])],
    ["in an unknown layer", (config) => (config.layers = [{ class_token: "Post", to: evil }])],
    ["as the nickname", (config) => (config.nickname = evil)],
    ["as the class", (config) => (config.class_token = evil)],
    ["written out", (config) => (config.secret_access_key = "AKIA-of-the-attacker")],
    ["in camelCase", (config) => (config.secretAccessKey = evil)],
  ])("a reference %s", async (_, change) => {
    expect(code(await refusal(changed(change)))).toBe("INVALID_DOCUMENT");
  });
});

describe("2. documents choose no resolvers, commands, variables, files, profiles, modules", () => {
  const run = [process.execPath, "-e", "require('fs').writeFileSync(process.argv[1],'')"];
  test.each<[string, (config: Fields, router: Router, document: Fields) => void]>([
    ["a command", (config) => (config.secret_access_key = { $secret: { command: run } })],
    ["a command beside", (config) => (config.secret_access_key = { command: run })],
    ["a variable", (config) => (config.access_key_id = { $env: "AWS_ACCESS_KEY_ID" })],
    ["a file", (config) => (config.access_key_id = { $file: "/etc/passwd" })],
    ["a profile", (config) => (config.profile = "evil")],
    ["a credential process", (config) => (config.credential_process = run.join(" "))],
    ["a provider", (config) => (config.credentials = { provider: "process" })],
    ["resolvers", (_, __, document) => (document.resolvers = [{ command: run }])],
    ["trust", (_, __, document) => (document.trust = [{ secret: "DB_PASSWORD", origin: "x" }])],
    ["ambient credentials", (config) => (config.ambient_credentials = true)],
  ])("%s", async (_, change) => {
    expect(code(await refusal(changed(change)))).toBe("INVALID_DOCUMENT");
  });

  test("a variable of this machine by its name", async () => {
    const document = changed((config) => (config.access_key_id = { $secret: "AWS_SESSION_TOKEN" }));
    const trust = ["AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY"].map((secret) => {
      return { secret, origin: server.endpoint };
    });
    expect(await refusal(document, { trust })).toMatchObject({
      code: "MISSING_SECRET",
      details: { secrets: ["AWS_SESSION_TOKEN"] },
    });
  });

  test("a package that is a path is not loaded", async () => {
    const module = join(folder, "project", "evil.mjs");
    await writeFile(
      module,
      `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(mark)}, "");`,
    );
    const document = changed((config) => {
      config.class_token = "EvilPool";
      config.package = module;
    });
    const error = await refusal(document);
    expect(code(error)).toBe("MISSING_PACKAGE");
    expect(error.message).not.toContain("npm install");
  });
});

describe("3. destination binding", () => {
  const to = (endpoint: string) => changed((config) => (config.endpoint = endpoint));

  test("(a) another host, port or scheme than where it was read", async () => {
    const { host } = new URL(server.endpoint);
    const others = [
      stranger.url,
      `http://localhost:${stranger.port}`,
      `https://${host}`,
      `http://[::ffff:127.0.0.1]:${stranger.port}`,
    ];
    for (const url of others) expect(code(await refusal(to(url)))).toBe("UNTRUSTED");
  });

  test("(b) other secrets to where the class goes by itself", async () => {
    const document = changed((config) => {
      delete config.endpoint;
      config.access_key_id = { $secret: "DB_PASSWORD" };
    });
    expect(await refusal(document)).toMatchObject({
      code: "UNTRUSTED",
      details: { pools: [{ destination: null }] },
    });
  });

  test("(c) the caller's word is for that secret and that origin", async () => {
    const wrong = [
      { secret: "AWS_ACCESS_KEY_ID", origin: stranger.url },
      { secret: "AWS_SECRET_ACCESS_KEY", origin: server.endpoint },
    ];
    expect(code(await refusal(to(stranger.url), { trust: wrong }))).toBe("UNTRUSTED");
  });

  test("(d) what was accepted once is accepted again, and nothing else is", async () => {
    const other = await startS3Server({
      buckets: ["rules"],
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    });
    try {
      const trust = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((secret) => {
        return { secret, origin: other.endpoint };
      });
      expect(code(await refusal(to(other.endpoint)))).toBe("UNTRUSTED");
      await (await l.recoverPolicy({ ...asked(to(other.endpoint)), trust })).close();
      await (await l.recoverPolicy(asked(to(other.endpoint)))).close();
      const file = join(folder, "home", "trust.json");
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(secretsIn(await readFile(file), [server.secretAccessKey, password])).toEqual([]);
      expect(code(await refusal(to(stranger.url)))).toBe("UNTRUSTED");
      const swapped = to(other.endpoint) as unknown as { policy: EnvironmentDocument["policy"] };
      const config = swapped.policy.central.memory.pool_router.pools[s3.globalId] as Fields;
      config.access_key_id = { $secret: "DB_PASSWORD" };
      expect(code(await refusal(swapped))).toBe("UNTRUSTED");
      // A document that says itself to be another environment is another one.
      const renamed = to(other.endpoint) as unknown as { policy: Fields };
      renamed.policy.global_id = globalIdOf("other", { scope: "POLICY" });
      expect(code(await refusal(renamed))).toBe("UNTRUSTED");
    } finally {
      await other.close();
    }
  });
});

describe("4. ambient credentials, plain http, link-local hosts, redirects", () => {
  test.each([
    ["at the stranger's", (config: Fields) => (config.endpoint = stranger.url)],
    ["where it was read", () => undefined],
    ["at AWS", (config: Fields) => delete config.endpoint],
  ])("no reference, and so the machine's own, %s", async (_, change) => {
    const document = changed((config) => {
      delete config.access_key_id;
      delete config.secret_access_key;
      change(config);
    });
    expect(code(await refusal(document))).toBe("UNTRUSTED");
  });

  test("half of the references do not get the other half from the machine", async () => {
    const document = changed((config) => delete config.secret_access_key);
    expect(["UNTRUSTED", "INVALID_CONFIG"]).toContain(code(await refusal(document)));
  });

  test.each([
    "http://10.0.0.1:9000",
    "http://s3.example.org",
    "http://169.254.169.254",
    "https://169.254.169.254",
    "https://0xa9fea9fe",
    "https://[::ffff:a9fe:a9fe]",
    "https://[fe80::1]",
    "https://metadata.google.internal",
    "https://[fd00:ec2::254]",
  ])("%s, even where the caller trusts it or the bucket itself is there", async (endpoint) => {
    const trust = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ambient"].map((secret) => {
      return { secret, origin: endpoint };
    });
    const document = changed((config) => (config.endpoint = endpoint));
    const error = await refusal(document, { trust });
    expect(error).toMatchObject({
      code: "UNTRUSTED",
      details: { pools: [{ reason: expect.stringMatching(/^(plain_http|link_local)$/) }] },
    });
    expect(error.message).toContain("No document may say that");
  });

  test("a server that redirects, to another host or another region, is not followed", async () => {
    const thief = await new Stranger().listen();
    const trust = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((secret) => {
      return { secret, origin: stranger.url };
    });
    const regions = ["eu-west-1", "x.evil.example/#", "eu-west-1@evil.example"];
    try {
      for (const status of [301, 302, 307, 308, 400]) {
        for (const region of regions) {
          stranger.answer = (_, response) => {
            const endpoint = new URL(thief.url).host;
            const body = `<?xml version="1.0"?><Error><Code>PermanentRedirect</Code><Region>${region}</Region><Endpoint>${endpoint}</Endpoint><Bucket>rules</Bucket></Error>`;
            response.writeHead(status, {
              location: `${thief.url}/rules`,
              "x-amz-bucket-region": region,
              "content-type": "application/xml",
            });
            response.end(body);
          };
          const error: unknown = await l
            .recoverPolicy({
              ...asked(changed((config) => (config.endpoint = stranger.url))),
              trust,
            })
            .then(
              () => "it was recovered",
              (thrown: unknown) => thrown,
            );
          expect(error).toMatchObject({ code: expect.any(String) });
          expect(inspect(error)).not.toContain("evil.example");
        }
      }
      expect(thief.received).toEqual([]);
      expect(stranger.received.length).toBeGreaterThan(0);
      const secrets = [server.secretAccessKey, password, ...ambient];
      expect(secretsIn(stranger.received.join("\n"), secrets)).toEqual([]);
    } finally {
      await thief.close();
    }
  });
});

describe("5. paths", () => {
  const withFile = (file: string) =>
    changed((_, router) => {
      const id = globalIdOf("file", { scope: "POOL" });
      router.pools[id] = { class_token: "HDF5Pool", nickname: "file", file_path: file };
      router.affinities[id] = 0;
    });

  test.each([
    "/etc/passwd",
    "../outside.h5",
    "a/../../outside.h5",
    "$LAILA_HOME/../outside.h5",
    "$LAILA_HOME/pools/../../../outside.h5",
    "C:\\x.h5",
    "..\\outside.h5",
    "\\\\host\\share\\x.h5",
    "x\0.h5",
  ])("%s", async (file) => {
    expect(code(await refusal(withFile(file)))).toMatch(/^(UNTRUSTED|INVALID_DOCUMENT)$/);
    expect(await readdir(folder)).not.toContain("outside.h5");
  });

  test("a file that is not ours is never written, wherever it lies", async () => {
    const project = join(folder, "project");
    const files = {
      "package.json": '{"name":"mine"}\n',
      "empty.h5": "",
      "other.h5": "\x89HDF\r\n\x1a\n",
    };
    for (const [name, text] of Object.entries(files))
      await writeFile(join(project, name), text, "latin1");
    await writeFile(join(folder, "elsewhere.txt"), "elsewhere");
    await symlink(join(folder, "elsewhere.txt"), join(project, "link.h5"));
    for (const name of ["package.json", "other.h5", "link.h5"]) {
      const document = withFile(name);
      const error: unknown = await l.recoverPolicy(asked(document)).then(
        async (policy) => {
          const outcome: unknown = await policy.central.memory
            .memorize(l.constant("overwritten"), { poolNickname: "file" })
            .then(
              () => "written",
              (thrown: unknown) => thrown,
            );
          await policy.close();
          return outcome;
        },
        (thrown: unknown) => thrown,
      );
      expect(error, name).toMatchObject({ code: expect.any(String) });
    }
    for (const [name, text] of Object.entries(files))
      expect(await readFile(join(project, name), "latin1"), name).toBe(text);
    expect(await readFile(join(folder, "elsewhere.txt"), "utf8")).toBe("elsewhere");
  });
});

describe("6. classes and packages", () => {
  test.each(["constructor", "__proto__", "toString", "Function", "Policy", "eval", "S3Pool "])(
    "the class %j is looked up among those given",
    async (token) => {
      const document = changed((config) => (config.class_token = token));
      expect(code(await refusal(document))).toMatch(/^(MISSING_PACKAGE|INVALID_DOCUMENT)$/);
    },
  );

  test.each([
    ["@laila/pool-redis", 'npm install "@laila/pool-redis"'],
    ['@laila/pool-x"; rm -rf ~; "', undefined],
    ["@laila/pool-x\u001b]0;evil\u0007", undefined],
    ["@laila/pool-x\nrun this", undefined],
    ["laila-pool-x", undefined],
    ["@Laila/pool-x", undefined],
    ["@laila/pool-x/../../evil", undefined],
  ])("install lines for %j", async (name, line) => {
    const document = changed((config) => {
      config.class_token = "OtherPool\u001b[2J";
      config.package = name;
    });
    const { message } = await refusal(document);
    if (line === undefined) expect(message).not.toContain("npm install");
    else expect(message).toContain(line);
    expect(/\p{C}/u.test(message)).toBe(false);
  });
});

describe("7. what was accepted last, and signatures", () => {
  /** The attacker writes into the bucket what the owner's own code would. */
  const plant = (environment: EnvironmentDocument) =>
    createLaila({ home: join(folder, "attacker") }).saveEnvironment(environment, {
      name: "prod",
      pool: s3,
      force: true,
    });
  const byName = (more: object = {}) =>
    l.recoverPolicy({
      name: "prod",
      pool: s3,
      poolClasses: [S3Pool, HDF5Pool],
      args: l.args,
      ...more,
    });

  test("an encryption, a proxy or an alpha pool that changed needs approval", async () => {
    const diary = withTransforms(bucketPool({ nickname: "diary", prefix: "diary/" }), [
      { encrypt: { keyId: "k1", key: l.secret("DIARY_KEY") } },
    ]);
    l.memory.extend(diary);
    await l.saveEnvironment(l.environment, { name: "prod", pool: s3 });
    await (await byName()).close();
    const attacks: [string, EnvironmentDocument][] = [
      ["encryption", changed((_, router) => delete router.pools[diary.globalId]?.layers)],
      ["proxies", changed((_, router) => (router.proxies[diary.globalId] = s3.globalId))],
      [
        "alpha_pool",
        changed((_, __, document) => {
          const { memory } = (document as unknown as EnvironmentDocument).policy.central;
          (memory as { alpha_pool: string }).alpha_pool = s3.globalId;
        }),
      ],
    ];
    for (const [kind, document] of attacks) {
      await plant(document);
      await expect(byName()).rejects.toMatchObject({
        code: "UNTRUSTED",
        details: { changes: [{ kind }] },
      });
      const plan = await byName({ dryRun: true });
      expect(plan).toMatchObject({ ok: false, changes: [{ kind }] });
    }
    // What the owner saves is the owner's own.
    await l.saveEnvironment(l.environment, { name: "prod", pool: s3 });
    await (await byName()).close();
    l.memory.extend(bucketPool({ nickname: "new alpha", prefix: "n/" }), { alpha: true });
    await l.saveEnvironment(l.environment, { name: "prod", pool: s3 });
    await (await byName()).close();
  });

  test("verify takes nothing that the owner of the key did not sign", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const attacker = generateKeyPairSync("ed25519").privateKey;
    const name = "signed";
    await l.saveEnvironment(l.environment, { name, pool: s3, sign: privateKey });
    await (await byName({ name, verify: publicKey })).close();
    const other = changed((config) => (config.prefix = "attacker/"));
    for (const sign of [undefined, attacker]) {
      await l.saveEnvironment(other, { name, pool: s3, sign, force: true });
      await expect(byName({ name, verify: publicKey })).rejects.toMatchObject({
        code: "UNTRUSTED",
      });
    }
  });
});

test("8. sealed values open in no other document", async () => {
  const { identity, recipient } = await newIdentity();
  const sealed = await l.seal({ recipients: [recipient] });
  const identities = [identity];
  await (await l.recoverPolicy({ ...asked(sealed), args: {}, identities })).close();
  const moved = { ...changed((config) => (config.endpoint = stranger.url)), sealed: sealed.sealed };
  expect(code(await refusal(moved, { args: {}, identities }))).toBe("UNTRUSTED");
  const renamed = {
    ...changed((config) => (config.bucket_name = "attackers-bucket")),
    sealed: sealed.sealed,
  };
  expect(code(await refusal(renamed, { args: {}, identities }))).toBe("UNTRUSTED");
});

test("9. all or nothing: what was opened is closed, and the policy before goes on", async () => {
  const file = l.create(HDF5Pool, { nickname: "file", filePath: "data.h5" });
  l.memory.extend(file);
  await l.memorize(l.constant("before", { nickname: "x" }), { poolNickname: "file" });
  const document = changed((config, router) => {
    router.pools[globalIdOf("free", { scope: "POOL" })] = {
      class_token: "HDF5Pool",
      nickname: "free",
      file_path: "free.h5",
    };
    router.affinities[globalIdOf("free", { scope: "POOL" })] = 0;
    config.bucket_name = "no-such-bucket";
  });
  const error: unknown = await l.recoverPolicy(asked(document)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "MULTIPLE" });
  const codes = (error as { errors: { code: string }[] }).errors.map(code).sort();
  expect(codes).toEqual(["LOCKED", "NO_SUCH_STORE"]);
  // The one that had opened is free again.
  const free = l.create(HDF5Pool, { nickname: "free", filePath: "free.h5" });
  await free.open();
  await free.close();
  expect((await l.remember({ nickname: "x" }, { poolNickname: "file" })).data).toBe("before");
  // The same without what failed, taking over what is open.
  const policy = await l.recoverPolicy({ ...asked(l.environment), reuse: l.policy });
  const before = l.activate(policy);
  await before.close();
  expect((await l.remember({ nickname: "x" }, { poolNickname: "file" })).data).toBe("before");
});
