import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import { type EnvironmentDocument, globalIdOf, LailaError } from "@laila/schema";
import { parse as parseToml } from "smol-toml";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { secretFix } from "../src/doctor/fixes.js";
import {
  captureEnvironment,
  commands,
  type DoctorOptions,
  doctor,
  type Finding,
  type RecoverOptions,
  readArgs,
  saveEnvironment,
  sealEnvironment,
} from "../src/index.js";
import { failure, type OpenDocument, open, secrets } from "./support/policies.js";
import { type VaultConfig, VaultPool } from "./support/vault-pool.js";

const vaultId = globalIdOf("vault", { scope: "POOL" });
const keys = { keyId: secrets.VAULT_KEY_ID, keyValue: secrets.VAULT_KEY_VALUE };

/** A vault that has a file, as the pools on this machine do. */
class FileVault extends VaultPool {
  static override readonly configSchema = VaultPool.configSchema;
  static override readonly classToken: string = "FileVault";
  static override readonly packageName: string = "@laila/pool-vault";
  readonly filePath: string;

  constructor(config: VaultConfig = {}, options = {}) {
    super(config, options);
    this.filePath = this.settings.filePath ?? "/nowhere";
  }
}

/** A pool whose promises do not hold. */
class BadPool extends MemoryPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "BadPool";
  static override readonly packageName: string = "@laila/pool-bad";

  protected override async _delete(): Promise<void> {
    if (this.nickname === "stubborn") throw new LailaError("UNAVAILABLE", "Not now.");
  }
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-doctor-"));
  VaultPool.made = [];
});
afterEach(() => rm(directory, { recursive: true }));

function documentOf(
  config: VaultConfig = keys,
  change: (document: OpenDocument) => void = () => undefined,
): EnvironmentDocument {
  const policy = new Policy();
  policy.central.memory.extend(new VaultPool({ nickname: "vault", ...config }));
  const document = open(captureEnvironment(policy, { args: secrets }));
  change(document);
  VaultPool.made = [];
  return document as unknown as EnvironmentDocument;
}

const vaultOf = (document: OpenDocument) =>
  document.policy.central.memory.pool_router.pools[vaultId] ?? {};

function examine(environment: unknown, more: DoctorOptions & RecoverOptions = {}) {
  return doctor({
    environment,
    poolClasses: [VaultPool, FileVault, BadPool],
    args: secrets,
    directory,
    ...more,
  });
}

async function only(environment: unknown, more: DoctorOptions & RecoverOptions = {}) {
  const { findings, ok } = await examine(environment, more);
  expect(findings.map(({ code }) => code)).toHaveLength(1);
  const [one] = findings as [Finding];
  expect(ok).toBe(one.severity === "warning");
  return one;
}

describe("a document that would work", () => {
  it("has no findings; nothing is left, and what was opened is closed", async () => {
    const report = await examine(documentOf());
    expect(report).toEqual({
      ok: true,
      findings: [],
      pools: 2,
      opened: 2,
      name: null,
      version: null,
    });
    const [vault] = VaultPool.made;
    expect(vault?.events).toEqual(["open", "close"]);
    expect([...(vault?.kept ?? ["it was not made"])]).toEqual([]);
  });

  it("by name, with its version; a pool without conditional writes is told of", async () => {
    const bucket = new MemoryPool();
    await saveEnvironment(documentOf(), { name: "prod", pool: bucket });
    const given = { name: "prod", poolClasses: [VaultPool], args: secrets, directory };
    expect(await doctor({ ...given, pool: bucket })).toMatchObject({
      ok: true,
      name: "prod",
      version: 1,
    });
    const vault = new VaultPool({ nickname: "store" });
    await saveEnvironment(documentOf(), { name: "prod", pool: vault, unsafe: true });
    const { findings, ok } = await doctor({ ...given, pool: vault });
    expect([ok, findings]).toMatchObject([
      true,
      [{ code: "NO_CONDITIONAL_WRITES", severity: "warning" }],
    ]);
    expect((await doctor({ ...given, name: "dev", pool: bucket })).findings).toMatchObject([
      { code: "NOT_FOUND" },
    ]);
  });
});

describe("what is missing", () => {
  const redis = (from: string) =>
    documentOf(keys, (document) => {
      vaultOf(document).class_token = "RedisPool";
      vaultOf(document).package = from;
    });

  it.each([
    ["package-lock.json", 'npm install "@laila/pool-redis"'],
    ["pnpm-lock.yaml", 'pnpm add "@laila/pool-redis"'],
    ["yarn.lock", 'yarn add "@laila/pool-redis"'],
    ["bun.lockb", 'bun add "@laila/pool-redis"'],
  ])("a package, installed with what has left %s", async (lockfile, fix) => {
    await writeFile(join(directory, lockfile), "");
    await mkdir(join(directory, "deeper"));
    const one = await only(redis("@laila/pool-redis"), { directory: join(directory, "deeper") });
    expect(one).toMatchObject({ code: "MISSING_PACKAGE", pool: vaultId, poolName: "vault", fix });
  });

  it.each([
    "@laila/pool-x; rm -rf ~",
    "@evil/pool-redis",
    "@laila/pool-redis\u001b[2J",
    "@laila/pool-../../x",
    "$(id)",
  ])("no install line for %j", async (from) => {
    const one = await only(redis(from));
    expect(one).toMatchObject({ code: "MISSING_PACKAGE", fix: null });
    expect(one.text).not.toContain("\u001b");
  });

  it("a class whose package is installed only has to be passed", async () => {
    const at = join(directory, "node_modules/@laila/pool-redis");
    await mkdir(at, { recursive: true });
    await writeFile(join(at, "package.json"), '{"name":"@laila/pool-redis"}');
    expect(await only(redis("@laila/pool-redis"))).toMatchObject({ code: "CLASS_NOT_GIVEN" });
  });

  it("a field that this release does not know", async () => {
    const newer = documentOf(keys, (document) => (vaultOf(document).new_field = 1));
    expect(await only(newer)).toMatchObject({
      code: "INVALID_DOCUMENT",
      pool: vaultId,
      fix: 'npm install "@laila/pool-vault@latest"',
    });
  });

  it("this release itself, and Node", async () => {
    expect(await only({ ...documentOf(), laila_environment: 2 })).toMatchObject({
      code: "UNSUPPORTED_VERSION",
      fix: 'npm install "@laila/core@latest"',
    });
    for (const nodeVersion of ["18.20.4", "20.18.9"]) {
      const one = await only(documentOf(), { machine: { nodeVersion } });
      expect(one).toMatchObject({ code: "NODE_VERSION", fix: "nvm install --lts" });
    }
    for (const nodeVersion of ["20.19.0", "22.1.0", "v24.0.0"])
      expect((await examine(documentOf(), { machine: { nodeVersion } })).ok).toBe(true);
  });

  it("secrets, each with a command that adds it to a file of the owner's", async () => {
    const { findings, opened } = await examine(documentOf(), { args: {} });
    expect(findings.map(({ code, details }) => [code, details.name])).toEqual([
      ["MISSING_SECRET", "VAULT_KEY_ID"],
      ["MISSING_SECRET", "VAULT_KEY_VALUE"],
    ]);
    // The pool without secrets was looked at nevertheless.
    expect(opened).toBe(1);
    const run = promisify(execFile);
    for (const { fix, details } of findings) {
      const child = run("sh", ["-c", fix ?? ""], { cwd: directory });
      child.child.stdin?.end(`${secrets[details.name as keyof typeof secrets]}\n`);
      expect((await child).stdout).toBe("");
    }
    expect((await stat(join(directory, "secrets.toml"))).mode & 0o777).toBe(0o600);
    const args = await readArgs("secrets.toml", { directory });
    expect((await examine(documentOf(), { args })).ok).toBe(true);
  });

  it("a secret of any characters comes back as it was, from a file that others could read", async () => {
    const file = "it's secrets.toml";
    await writeFile(join(directory, file), "");
    await chmod(join(directory, file), 0o644);
    const values = { QUOTED: `a"b'c\\d\\n $HOME \`id\` %s & `, "dotted.NAME": '"""' };
    for (const [name, value] of Object.entries(values)) {
      const child = promisify(execFile)("sh", ["-c", secretFix(name, file) ?? ""], {
        cwd: directory,
      });
      child.child.stdin?.end(`${value}\n`);
      await child;
    }
    const text = await readFile(join(directory, file), "utf8");
    expect(parseToml(text)).toEqual(values);
    expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
    // Nothing typed is no secret.
    const empty = promisify(execFile)("sh", ["-c", secretFix("EMPTY", file) ?? ""], {
      cwd: directory,
    });
    empty.child.stdin?.end("\n");
    await expect(empty).rejects.toMatchObject({ code: 1 });
    expect(await readFile(join(directory, file), "utf8")).toBe(text);
  });

  it("a secret with a name that is none gets into no command", async () => {
    const odd = documentOf(keys, (document) => {
      vaultOf(document).key_id = { $secret: "X'; touch pwned; '\u001b[2J" };
    });
    const { findings } = await examine(odd, {
      trust: [
        { secret: "X'; touch pwned; '\u001b[2J", origin: "VaultPool" },
        { secret: "VAULT_KEY_VALUE", origin: "VaultPool" },
      ],
    });
    expect(findings).toMatchObject([{ code: "MISSING_SECRET", fix: null }]);
    expect(findings[0]?.text).not.toContain("\u001b");
    expect((await examine(odd)).findings).toMatchObject([
      { code: "UNTRUSTED", fix: null },
      { code: "MISSING_SECRET", fix: null },
    ]);
  });

  it("an identity for what is sealed; a command that may not run", async () => {
    const sealed = await sealEnvironment(documentOf(), {
      args: secrets,
      passphrase: "x",
      workFactor: 1,
    });
    const { findings } = await examine(sealed, { args: {} });
    expect(findings[0]?.text).toContain("give the identity");
    expect((await examine(sealed, { args: {}, passphrase: "x" })).ok).toBe(true);
    expect((await examine(sealed, { args: {}, passphrase: "y" })).findings).toMatchObject([
      { code: "ACCESS_DENIED" },
    ]);
    const command = { command: ["pass", "show", "x"] };
    const args = { ...secrets, VAULT_KEY_ID: command };
    expect((await only(documentOf(), { args })).text).toContain("commands: true");
    const resolvers = [commands({ VAULT_KEY_ID: { command: ["/no/such/program"] } })];
    const { findings: failed } = await examine(documentOf(), { args, resolvers });
    expect(failed[0]?.text).toContain("/no/such/program");
  });
});

describe("what is not trusted", () => {
  it("is not opened; the others are", async () => {
    const evil = documentOf({ ...keys, endpoint: "https://evil.example.net" });
    const report = await examine(evil);
    expect(report).toMatchObject({ ok: false, pools: 2, opened: 1 });
    expect(VaultPool.made).toEqual([]);
    expect(report.findings).toMatchObject([
      {
        code: "UNTRUSTED",
        pool: vaultId,
        fix: "laila env recover --trust VAULT_KEY_ID=https://evil.example.net --trust VAULT_KEY_VALUE=https://evil.example.net",
        details: {
          trust: [
            { secret: "VAULT_KEY_ID", origin: "https://evil.example.net" },
            { secret: "VAULT_KEY_VALUE", origin: "https://evil.example.net" },
          ],
        },
      },
    ]);
    const http = documentOf({ ...keys, endpoint: "http://10.0.0.1" });
    expect(await only(http)).toMatchObject({ code: "UNTRUSTED", fix: null });
    const climbing = documentOf(keys, (document) => (vaultOf(document).file_path = "../../x"));
    expect(await only(climbing)).toMatchObject({ code: "UNTRUSTED", pool: vaultId });
  });

  it("no command is asked for a secret of a pool that is not trusted", async () => {
    const evil = documentOf({ ...keys, endpoint: "https://evil.example.net" });
    const mark = join(directory, "ran");
    const command = [
      process.execPath,
      "-e",
      `require("fs").writeFileSync(${JSON.stringify(mark)}, "")`,
    ];
    const resolvers = [commands({ VAULT_KEY_ID: { command }, VAULT_KEY_VALUE: { command } })];
    await examine(evil, { args: {}, resolvers });
    await expect(stat(mark)).rejects.toThrow();
  });
});

describe("storage that does not do", () => {
  it.each([
    ["broken", "UNAVAILABLE"],
    ["locked", "LOCKED"],
  ])("%s: %s, and the others are looked at", async (region, code) => {
    const report = await examine(documentOf({ ...keys, region }));
    expect(report).toMatchObject({ ok: false, opened: 1, findings: [{ code, pool: vaultId }] });
  });

  it("that does not delete, or not what was written", async () => {
    const bad = (nickname: string) => {
      const policy = new Policy();
      policy.central.memory.extend(new BadPool({ nickname }));
      return captureEnvironment(policy);
    };
    const left = await only(bad("forgetful"));
    expect(left).toMatchObject({ code: "PROBE_LEFT", severity: "warning", poolName: "forgetful" });
    expect(left.fix).toBe(`laila pool rm ${String(left.details.key)} --pool forgetful`);
    expect(await only(bad("stubborn"))).toMatchObject({ code: "PROBE_LEFT" });
    expect((await examine(bad("stubborn"), { probe: false })).findings).toEqual([]);
  });

  it("a disk without space, and a directory that is not ours", async () => {
    const at = (filePath: string) => {
      const policy = new Policy();
      policy.central.memory.extend(new FileVault({ nickname: "file", filePath }));
      return captureEnvironment(policy, { directory });
    };
    const trust = [{ secret: "ambient", origin: "FileVault" }];
    const path = join(directory, "sub/deeper/x.h5");
    expect(await only(at(path), { trust, minFreeBytes: 2 ** 60 })).toMatchObject({
      code: "DISK_SPACE",
      severity: "warning",
      fix: `df -h ${directory}`,
      details: { path },
    });
    // A file that is not there is not made by opening its pool.
    VaultPool.made = [];
    expect(await examine(at(path), { trust })).toMatchObject({ ok: true, opened: 1 });
    expect(VaultPool.made.flatMap(({ events }) => events)).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
    await mkdir(join(directory, "ours"));
    const ours = () => examine(at(join(directory, "ours/x.h5")), { trust });
    await writeFile(join(directory, "ours/x.h5.bak"), "");
    expect(await ours()).toMatchObject({ ok: true, opened: 1 });
    await writeFile(join(directory, "ours/x.h5.journal.1"), "");
    expect(await ours()).toMatchObject({ ok: true, opened: 2 });
    await writeFile(join(directory, "ours/x.h5"), "");
    expect(await ours()).toMatchObject({ ok: true, opened: 2 });
    const theirs = join(directory, "theirs");
    await mkdir(theirs, { mode: 0o500 });
    const { findings } = await examine(at(join(theirs, "x.h5")), { trust });
    // The superuser writes everywhere.
    const root = process.getuid?.() === 0;
    expect(findings.map(({ code, fix }) => [code, fix])).toEqual(
      root ? [] : [["NOT_WRITABLE", `chmod u+rwx ${theirs}`]],
    );
  });

  it("that takes too long is given up", async () => {
    class Slow extends MemoryPool {
      static override readonly configSchema = MemoryPool.configSchema;
      static override readonly classToken: string = "Slow";
      static override readonly packageName: string = "@laila/pool-slow";
      protected override async _open(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 2000).unref());
      }
    }
    const policy = new Policy();
    policy.central.memory.extend(new Slow({ nickname: "slow" }));
    const environment = captureEnvironment(policy);
    const report = await doctor({ environment, poolClasses: [Slow], directory, timeoutMs: 50 });
    expect(report.findings).toMatchObject([{ code: "TIMEOUT", poolName: "slow" }]);
  });
});

describe("clocks", () => {
  let server: Server;
  let minutes = 0;
  const asked: string[] = [];
  beforeEach(async () => {
    asked.length = 0;
    server = createServer((request, response) => {
      asked.push(`${request.method} ${JSON.stringify(request.headers)}`);
      response.sendDate = false;
      response.setHeader("date", new Date(Date.now() - minutes * 60_000).toUTCString());
      response.end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterEach(() => new Promise((closed) => server.close(closed)));

  it("are compared with those of the servers that a pool may go to, without any credential", async () => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const trust = Object.keys(secrets).map((secret) => ({ secret, origin: endpoint }));
    const document = documentOf({ ...keys, endpoint });
    minutes = 2;
    expect((await examine(document, { trust })).findings).toEqual([]);
    minutes = 7;
    expect(await only(document, { trust })).toMatchObject({
      code: "CLOCK_SKEW",
      severity: "warning",
      fix: "sudo timedatectl set-ntp true",
    });
    minutes = -20;
    const late = await only(document, { trust });
    expect(late).toMatchObject({ code: "CLOCK_SKEW", severity: "error" });
    expect(late.text).toContain("20 minutes behind");
    for (const secret of Object.values(secrets)) expect(asked.join()).not.toContain(secret);
    expect(asked.join()).not.toMatch(/authorization|cookie/i);
    asked.length = 0;
    await examine(document);
    expect(asked).toEqual([]);
  });
});

describe("a live policy", () => {
  it("is tested as it is, and stays open", async () => {
    const policy = new Policy();
    const vault = new VaultPool({ nickname: "vault", ...keys });
    policy.central.memory.extend(vault);
    policy.central.memory.extend(new BadPool({ nickname: "forgetful" }));
    const report = await doctor({ policy, args: secrets, directory });
    expect(report).toMatchObject({
      ok: true,
      pools: 3,
      opened: 3,
      findings: [{ code: "PROBE_LEFT" }],
    });
    expect(vault.events).toEqual(["open"]);
    policy.central.memory.extend(new MemoryPool({ nickname: secrets.VAULT_KEY_VALUE }));
    const { findings } = await doctor({ policy, args: secrets, directory });
    expect(findings[0]).toMatchObject({ code: "INVALID_DOCUMENT", pool: null });
    await policy.close();
  });

  it("adopted by a recovery is tested live, too", async () => {
    const policy = new Policy();
    const vault = new VaultPool({ nickname: "vault", ...keys, region: "there" });
    policy.central.memory.extend(vault);
    const environment = captureEnvironment(policy, { args: secrets });
    VaultPool.made = [];
    expect(await examine(environment, { reuse: policy })).toMatchObject({ ok: true, opened: 2 });
    expect(VaultPool.made).toEqual([]);
    expect(vault.events).toEqual(["open"]);
    await policy.close();
  });
});

it("tells of files with secrets that others can read", async () => {
  const path = join(directory, "open.toml");
  await writeFile(path, 'VAULT_KEY_ID = "a"\nVAULT_KEY_VALUE = "b"\n');
  await chmod(path, 0o600);
  const args = await readArgs("open.toml", { directory });
  expect((await examine(documentOf(), { args })).findings).toEqual([]);
  await chmod(path, 0o644);
  expect(await only(documentOf(), { args })).toMatchObject({
    code: "READABLE_SECRETS",
    severity: "warning",
    fix: `chmod 600 ${path}`,
  });
});

it("no secret is in any finding, and options that there are not are refused", async () => {
  const report = await examine(
    documentOf({ ...keys, region: "broken", endpoint: "https://x.example" }),
  );
  for (const secret of Object.values(secrets))
    expect(`${JSON.stringify(report)}${inspect(report, { depth: 9 })}`).not.toContain(secret);
  const wrong: object[] = [{ probes: true }, { timeoutMs: "5" }, { minFreeBytes: -1 }, { only: 5 }];
  for (const one of wrong) {
    expect(await failure(examine(documentOf(), one)), JSON.stringify(one)).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  }
  expect(await failure(doctor({ policy: {} } as never))).toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});
