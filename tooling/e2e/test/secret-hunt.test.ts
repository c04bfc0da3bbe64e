import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { newIdentity } from "@laila/core";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, test } from "vitest";
import { Project } from "./support/processes.js";
import { secretsIn } from "./support/secrets.js";

/** Every file below a folder, its path included. */
async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

test("no secret is anywhere but where it was put: not in the bucket, a file, a line of output, an error", async () => {
  const server = await startS3Server({ buckets: ["hunt"] });
  const project = await Project.create(server, "hunt");
  const { identity, recipient } = await newIdentity();
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const signingKey = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const diaryKey = randomBytes(32);
  const values = {
    // What URL-encoding, JSON, shells and TOML change is in them.
    DB_PASSWORD: `p@ss w/ord+&"${randomBytes(6).toString("hex")}'%\\$é`,
    SESSION_PASSWORD: `session ${randomBytes(12).toString("base64")}`,
    PRINTED_PASSWORD: `printed ${randomBytes(12).toString("hex")}`,
    DIARY_KEY: diaryKey.toString("base64"),
    typed: `typed by hand ${randomBytes(12).toString("base64")}`,
    passphrase: `seal ${randomBytes(12).toString("hex")}`,
  };
  const given = {
    identity,
    recipient,
    passphrase: values.passphrase,
    signingKey,
    verifyKey: publicKey.export({ type: "spki", format: "pem" }),
    typed: values.typed,
    session: values.SESSION_PASSWORD,
  };
  const script = `console.error(${JSON.stringify(values.PRINTED_PASSWORD)}); console.log(${JSON.stringify(values.PRINTED_PASSWORD)});`;
  const command = (more: string) =>
    `PRINTED_PASSWORD = { command = [${JSON.stringify(process.execPath)}, "-e", ${JSON.stringify(script + more)}] }\n`;
  const toml = await readFile(join(project.folder, "secrets.toml"), "utf8");
  const own = {
    "secrets.toml": `${toml}DB_PASSWORD = ${JSON.stringify(values.DB_PASSWORD)}\n`,
    "more.env": `DIARY_KEY=${values.DIARY_KEY}\n`,
    "commands.toml": command(""),
    "failing.toml": command("process.exit(3)"),
    "broken.toml": `A = 1\nDB_PASSWORD = ${JSON.stringify(values.DB_PASSWORD)} x\n`,
    "broken.json": `{"DB_PASSWORD": ${JSON.stringify(values.DB_PASSWORD)},}`,
    "given.json": JSON.stringify(given),
  };
  for (const [name, text] of Object.entries(own)) await writeFile(join(project.folder, name), text);
  const secrets = [
    server.secretAccessKey,
    ...Object.values(values),
    identity,
    // The body of the key, and the raw bytes of what is kept as base64.
    signingKey.split("\n")[1] ?? "",
    diaryKey.toString("latin1"),
  ];
  try {
    const { sent, output } = await project.run<{ printed: number; errors: string[] }>("hunted");
    // It was a long day indeed.
    expect(sent.printed).toBeGreaterThan(100);
    expect(new Set(sent.errors).size).toBeGreaterThanOrEqual(10);
    expect(output.length).toBeGreaterThan(100_000);
    expect(output).toContain("LAILA_READABLE_SECRETS");

    const found: Record<string, string[]> = { output: secretsIn(output, secrets) };
    const folders = [project.folder, server.directory];
    let files = 0;
    for (const file of (await Promise.all(folders.map(filesIn))).flat()) {
      if (relative(project.folder, file) in own) continue;
      files++;
      found[file] = [...secretsIn(file, secrets), ...secretsIn(await readFile(file), secrets)];
    }
    expect(files).toBeGreaterThan(10);
    for (const key of await server.listObjects("hunt")) {
      const bytes = await server.readObject("hunt", key);
      found[`object ${key}`] = secretsIn(bytes ?? new Uint8Array(), secrets);
      found[`key ${key}`] = [
        ...secretsIn(key, secrets),
        ...secretsIn(decodeURIComponent(key), secrets),
      ];
    }
    // The session token is sent to the server with every request: that is what it is for.
    const unsent = secrets.filter((secret) => secret !== values.typed);
    found.requests = secretsIn(JSON.stringify(server.requests), unsent);
    expect(Object.entries(found).filter(([, secretsFound]) => secretsFound.length > 0)).toEqual([]);
    expect(Object.keys(found).length).toBeGreaterThan(20);

    // The hunter finds what there is to find, in every form.
    expect(secretsIn(own["secrets.toml"], secrets)).toEqual([
      server.secretAccessKey,
      values.DB_PASSWORD,
    ]);
    for (const secret of secrets.slice(0, -1)) {
      const bytes = Buffer.from(secret);
      const forms = [
        bytes.toString("hex"),
        Buffer.from(`x${secret}yz`).toString("base64"),
        Buffer.from(`xy${secret}z`).toString("base64url"),
        encodeURIComponent(secret),
        JSON.stringify({ deep: JSON.stringify({ secret }) }),
        new URLSearchParams({ secret }).toString(),
      ];
      for (const form of forms) expect(secretsIn(form, secrets), form).toEqual([secret]);
    }
  } finally {
    await project[Symbol.asyncDispose]();
    await server.close();
  }
});
