import { generateKeyPairSync } from "node:crypto";
import { newIdentity } from "@laila/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Folder } from "./support/folder.js";

let folder: Folder;

beforeAll(async () => {
  folder = await Folder.make();
  const archive = {
    ...folder.bucket("archive"),
    accessKeyId: { $secret: "ARCHIVE_KEY" },
    secretAccessKey: { $secret: "ARCHIVE_SECRET" },
  };
  const pools = { s3: folder.bucket("things"), archive };
  await folder.write("laila.config.json", { name: "prod", secrets: "secrets.toml", pools });
});
afterAll(() => folder.close());

test("what was sealed is opened with a key, then with another, and never shown", async () => {
  const { accessKeyId } = folder.server;
  const archive = `ARCHIVE_KEY = "${accessKeyId}"\nARCHIVE_SECRET = "${folder.secret}"\n`;
  await folder.write("secrets.toml", `${folder.credentials}${archive}`);
  const [first, second] = [await newIdentity(), await newIdentity()];
  await folder.write("first.txt", first.identity);
  await folder.write("passphrase.txt", "correct horse battery staple\n");
  expect((await folder.laila("env", "save")).code).toBe(0);
  const sealed = await folder.laila("env", "seal", "--recipient", first.recipient, "--json");
  expect(JSON.parse(sealed.out)).toMatchObject({ version: 2, created: true });

  // From here on nobody knows the archive's secret but the sealed document.
  await folder.write("secrets.toml", folder.credentials);
  expect(await folder.laila("env", "recover")).toMatchObject({ code: 1, out: "" });
  const trust = ["ARCHIVE_KEY", "ARCHIVE_SECRET"].flatMap((name) => [
    "--trust",
    `${name}=${folder.server.endpoint}`,
  ]);
  const opened = await folder.laila("env", "recover", "--identity", "first.txt", ...trust);
  expect(opened).toMatchObject({ code: 0 });
  expect(opened.out).toContain("archive");

  await folder.write("second.txt", second.identity);
  const resealed = await folder.laila(
    ...["env", "seal", "--identity", "first.txt", "--recipient", second.recipient],
  );
  expect(resealed).toMatchObject({ code: 0, out: "prod, version 3, sealed\n" });
  expect((await folder.laila("env", "recover", "--identity", "first.txt")).code).toBe(1);
  expect((await folder.laila("env", "recover", "--identity", "second.txt")).code).toBe(0);

  const shown = await folder.laila("env", "show");
  expect(shown.out).toContain("BEGIN AGE ENCRYPTED FILE");
  expect(shown.out).not.toContain(folder.secret);
  expect((await folder.laila("env", "seal")).code).toBe(2);
});

test("by a passphrase, which is read from a file", async () => {
  const { accessKeyId } = folder.server;
  const archive = `ARCHIVE_KEY = "${accessKeyId}"\nARCHIVE_SECRET = "${folder.secret}"\n`;
  await folder.write("secrets.toml", `${folder.credentials}${archive}`);
  const file = ["--new-passphrase-file", "passphrase.txt"];
  expect((await folder.laila("env", "seal", "prod@1", ...file)).code).toBe(0);
  await folder.write("secrets.toml", folder.credentials);
  const opened = await folder.laila("env", "recover", "--passphrase-file", "passphrase.txt");
  expect(opened).toMatchObject({ code: 0 });
});

test("a signed version is recovered by its key, and one without a signature is refused", async () => {
  await folder.write("secrets.toml", folder.credentials);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  await folder.write("key.pem", String(privateKey.export({ type: "pkcs8", format: "pem" })));
  await folder.write("public.pem", String(publicKey.export({ type: "spki", format: "pem" })));
  const one = { name: "signed", secrets: "secrets.toml", pools: { s3: folder.bucket("things") } };
  await folder.write("laila.config.json", one);
  expect((await folder.laila("env", "save", "--sign", "key.pem")).code).toBe(0);
  expect((await folder.laila("env", "save", "--force")).code).toBe(0);
  const recover = (name: string) => folder.laila("env", "recover", name, "--verify", "public.pem");
  expect((await recover("signed@1")).code).toBe(0);
  expect(await recover("signed@2")).toMatchObject({ code: 1, out: "" });
});
