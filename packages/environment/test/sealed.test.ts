import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import { documentDigest, type EnvironmentDocument } from "@laila/schema";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  captureEnvironment,
  newIdentity,
  planRecovery,
  recoverPolicy,
  resealEnvironment,
  saveEnvironment,
  sealEnvironment,
  unsealEnvironment,
} from "../src/index.js";
import { failure, open, secrets } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const run = promisify(execFile);
const fixture = (name: string): Promise<string> =>
  readFile(new URL(`__fixtures__/age/${name}`, import.meta.url), "utf8");

let environment: EnvironmentDocument;
let identity: string;
let recipient: string;
beforeAll(async () => {
  ({ identity, recipient } = await newIdentity());
});
beforeEach(() => {
  VaultPool.made = [];
  const policy = new Policy();
  policy.central.memory.extend(
    new VaultPool({
      nickname: "vault",
      keyId: secrets.VAULT_KEY_ID,
      keyValue: secrets.VAULT_KEY_VALUE,
    }),
  );
  environment = captureEnvironment(policy, { args: secrets });
});

const seal = (more: object = {}) =>
  sealEnvironment(environment, { args: secrets, recipients: [recipient], ...more });

/** The text of an age file in place of what is sealed. */
const withText = (sealed: string) => ({ ...environment, sealed }) as EnvironmentDocument;

describe("sealing", () => {
  it("puts the values into the document, for whoever has the identity and nobody else", async () => {
    const sealed = await seal();
    expect({ ...sealed, sealed: undefined }).toEqual({ ...environment, sealed: undefined });
    expect(sealed.sealed).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    const text = JSON.stringify(sealed);
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
    expect(await unsealEnvironment(sealed, { identities: [identity] })).toEqual(secrets);
    // The text of an identity file, comments and all.
    const file = `# created: today\n# public key: ${recipient}\n${identity}\n`;
    expect(await unsealEnvironment(sealed, { identities: [file] })).toEqual(secrets);
    const other = await newIdentity();
    for (const wrong of [{ identities: [other.identity] }, { passphrase: "x" }, {}]) {
      expect(await failure(unsealEnvironment(sealed, wrong))).toMatchObject({
        code: "ACCESS_DENIED",
      });
    }
    expect(environment).not.toHaveProperty("sealed");
  });

  it("takes the values of a live policy that came from no argument", async () => {
    const policy = new Policy();
    policy.central.memory.extend(new VaultPool({ nickname: "vault", keyId: "typed by hand" }));
    const document = captureEnvironment(policy);
    const sealed = await sealEnvironment(document, { policy, recipients: [recipient] });
    const values = await unsealEnvironment(sealed, { identities: [identity] });
    expect(Object.values(values)).toEqual(["typed by hand"]);
    const error = await failure(sealEnvironment(document, { recipients: [recipient] }));
    expect(error).toMatchObject({
      code: "MISSING_SECRET",
      details: { secrets: Object.keys(values) },
    });
  });

  it("with a passphrase", async () => {
    const sealed = await seal({ recipients: [], passphrase: "correct horse", workFactor: 2 });
    expect(await unsealEnvironment(sealed, { passphrase: "correct horse" })).toEqual(secrets);
    expect(await failure(unsealEnvironment(sealed, { passphrase: "wrong" }))).toMatchObject({
      code: "ACCESS_DENIED",
    });
  });

  it("for several, and anew for others without anybody typing the values", async () => {
    const [b, c] = await Promise.all([newIdentity(), newIdentity()]);
    const forTwo = await seal({ recipients: [recipient, b.recipient] });
    for (const one of [identity, b.identity])
      expect(await unsealEnvironment(forTwo, { identities: [one] })).toEqual(secrets);
    const forOne = await resealEnvironment(forTwo, {
      unlock: { identities: [b.identity] },
      recipients: [c.recipient],
    });
    expect(await unsealEnvironment(forOne, { identities: [c.identity] })).toEqual(secrets);
    expect(await failure(unsealEnvironment(forOne, { identities: [identity] }))).toMatchObject({
      code: "ACCESS_DENIED",
    });
    // Into the set-up as it is now, which needs one more.
    const now = open(environment);
    const [vault = {}] = Object.values(now.policy.central.memory.pool_router.pools).filter(
      ({ nickname }) => nickname === "vault",
    );
    vault.key_id = { $secret: "NEW_ID" };
    const more = { unlock: { identities: [c.identity] }, into: now, recipients: [recipient] };
    expect(await failure(resealEnvironment(forOne, more))).toMatchObject({
      code: "MISSING_SECRET",
      details: { secrets: ["NEW_ID"] },
    });
    const carried = await resealEnvironment(forOne, { ...more, args: { NEW_ID: "a new id" } });
    expect(await unsealEnvironment(carried, { identities: [identity] })).toEqual({
      NEW_ID: "a new id",
      VAULT_KEY_VALUE: secrets.VAULT_KEY_VALUE,
    });
  });

  it.each([
    ["nobody to seal for", {}],
    ["a recipient and a passphrase", { recipients: ["age1x"], passphrase: "x" }],
    ["a recipient that is none", { recipients: ["bob@example.org"] }],
    ["an empty passphrase", { passphrase: "" }],
    ["a cost that takes for ever", { passphrase: "x", workFactor: 40 }],
    ["a cost at which it could not be opened again", { passphrase: "x", workFactor: 21 }],
  ])("refuses %s", async (_, lock) => {
    expect(await failure(sealEnvironment(environment, { args: secrets, ...lock }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("never shows what it was given by mistake", async () => {
    const mistaken = identity.replace(/..$/, "QQ");
    const errors = [
      await failure(seal({ recipients: [identity] })),
      await failure(seal({ recipients: [mistaken] })),
      await failure(unsealEnvironment(await seal(), { identities: [mistaken] })),
      await failure(unsealEnvironment(await seal(), { identities: ["my-password"] })),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
      const text = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`;
      for (const part of [identity.slice(20, 40), "my-password"]) expect(text).not.toContain(part);
    }
  });
});

describe("opening", () => {
  it("refuses values that were sealed for another document", async () => {
    const sealed = await seal();
    const moved = open(sealed);
    const [vault = {}] = Object.values(moved.policy.central.memory.pool_router.pools).filter(
      ({ nickname }) => nickname === "vault",
    );
    vault.endpoint = "https://evil.example.net";
    expect(await failure(unsealEnvironment(moved, { identities: [identity] }))).toMatchObject({
      code: "UNTRUSTED",
    });
    const error = await failure(
      recoverPolicy({ environment: moved, poolClasses: [VaultPool], identities: [identity] }),
    );
    expect(error).toMatchObject({ code: "UNTRUSTED" });
    expect(VaultPool.made).toHaveLength(1);
  });

  it("refuses what is no age file, was changed, or holds something else", async () => {
    const { sealed = "" } = await seal();
    const half = sealed.length / 2;
    const flipped = `${sealed.slice(0, half)}${sealed[half] === "A" ? "B" : "A"}${sealed.slice(half + 1)}`;
    for (const text of ["x", flipped, sealed.slice(0, 200), `${sealed}\nmore`]) {
      expect(
        await failure(unsealEnvironment(withText(text), { identities: [identity] })),
      ).toMatchObject({ code: "CORRUPT" });
    }
    const { Encrypter, armor } = await import("age-encryption");
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const insides: [unknown, string][] = [
      ["no object, with s3cr3t-in-it", "INVALID_DOCUMENT"],
      [{ laila_sealed: 1, document: "d" }, "INVALID_DOCUMENT"],
      [{ laila_sealed: 1, document: "d", secrets: { A: 5 } }, "INVALID_DOCUMENT"],
      [{ laila_sealed: 2, document: "d", secrets: {} }, "UNSUPPORTED_VERSION"],
    ];
    for (const [inside, code] of insides) {
      const text = armor.encode(await encrypter.encrypt(JSON.stringify(inside)));
      const error = await failure(unsealEnvironment(withText(text), { identities: [identity] }));
      expect(error).toMatchObject({ code });
      expect(inspect(error)).not.toContain("s3cr3t-in-it");
    }
    expect(await failure(unsealEnvironment(environment, {}))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("lets a recovery take its secrets from the document, those of args first", async () => {
    const pool = new MemoryPool();
    await saveEnvironment(await seal(), { name: "prod", pool });
    const byName = { name: "prod", pool, poolClasses: [VaultPool] } as const;
    const error = await failure(recoverPolicy(byName));
    expect(error).toMatchObject({ code: "MISSING_SECRET" });
    expect(error.message).toContain("identities");
    const plan = await planRecovery({
      ...byName,
      identities: [identity],
      args: { VAULT_KEY_ID: "mine" },
    });
    expect(plan.pools.flatMap((one) => one.secrets)).toMatchObject([
      { name: "VAULT_KEY_ID", source: "args" },
      { name: "VAULT_KEY_VALUE", source: "sealed" },
    ]);
    const policy = await recoverPolicy({ ...byName, identities: [identity] });
    expect(VaultPool.made.at(-1)?.settings).toMatchObject({
      keyId: secrets.VAULT_KEY_ID,
      keyValue: secrets.VAULT_KEY_VALUE,
    });
    // The set-up is the same; what was sealed is no part of it.
    expect(captureEnvironment(policy)).toEqual(environment);
    await policy.close();
  });
});

describe("the age command", () => {
  const expected = {
    VAULT_KEY_ID: "AKIDEXAMPLE0001",
    VAULT_KEY_VALUE: "sealed by the age command",
  };

  it("sealed these, and they open", async () => {
    const document = JSON.parse(await fixture("environment.json")) as object;
    const unlocks: [string, object][] = [
      ["by-recipient.age", { identities: [await fixture("identity.txt")] }],
      ["by-two-recipients.age", { identities: [await fixture("identity2.txt")] }],
      ["by-passphrase.age", { passphrase: "correct horse battery staple" }],
    ];
    for (const [name, unlock] of unlocks) {
      const sealed = { ...document, sealed: await fixture(name) };
      expect(await unsealEnvironment(sealed, unlock), name).toEqual(expected);
    }
  });

  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "laila-age-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  // On a machine without age, the files it made above are what is tested.
  it("opens what we seal, and we open what it seals, where it is installed", async () => {
    const has = await run("age", ["--version"]).then(
      () => true,
      () => false,
    );
    const key = join(directory, "key.txt");
    await writeFile(key, `${identity}\n`);
    const sealed = await seal();
    const ours = join(directory, "ours.age");
    await writeFile(ours, `${sealed.sealed}\n`);
    const inside = {
      laila_sealed: 1,
      document: documentDigest(environment),
      secrets: { ...secrets },
    };
    const opened = has
      ? (await run("age", ["-d", "-i", key, ours])).stdout
      : JSON.stringify(inside);
    expect(JSON.parse(opened)).toEqual(inside);
    const plain = join(directory, "plain.json");
    await writeFile(plain, JSON.stringify(inside));
    const theirs = has
      ? (await run("age", ["-a", "-r", recipient, plain])).stdout
      : (sealed.sealed ?? "");
    expect(await unsealEnvironment(withText(theirs), { identities: [identity] })).toEqual(secrets);
  });
});
