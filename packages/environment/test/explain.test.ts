import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { explainArgs, makeArgs, readArgs, readVariables } from "../src/index.js";
import { failure } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-explain-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe("explainArgs", () => {
  it("says of each value where it came from and what it took the place of, secrets masked", async () => {
    const into = makeArgs({ REGION: "given" });
    await file("a.toml", 'REGION = "in toml"\nPORT = 5\n[db]\npassword = "hunter2hunter2"\n');
    await file(".env", "REGION=in env\nDB_URL=postgres://u:hunter2hunter2@db.example/x\n");
    const read = (source: string | string[]) => readArgs(source, { into, directory });
    await read("a.toml");
    await read(".env");
    await read(["--REGION=flagged", "db.copy=hunter2hunter2"]);
    readVariables(["HOME_TOWN"], { env: { HOME_TOWN: "Wien", OTHER: "x" }, into });
    const explained = explainArgs(into);
    const origins = Object.fromEntries(explained.map(({ name, origin }) => [name, origin]));
    expect(origins).toEqual({
      REGION: "the token REGION=…",
      PORT: "a.toml:2",
      "db.password": "a.toml:4",
      "db.copy": "the token db.copy=…",
      DB_URL: ".env:2",
      HOME_TOWN: "the variable HOME_TOWN",
    });
    expect(explained.find(({ name }) => name === "REGION")).toEqual({
      name: "REGION",
      value: "flagged",
      secret: false,
      origin: "the token REGION=…",
      source: { token: "REGION" },
      replaced: [".env:1", "a.toml:1", "the given object"],
    });
    const values = Object.fromEntries(explained.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      PORT: "5",
      HOME_TOWN: "Wien",
      "db.password": "[masked]",
      "db.copy": "[masked]",
      DB_URL: "[masked]",
    });
    expect(inspect(explained, { depth: 9 })).not.toContain("hunter2");
  });

  it.each(["DB_PASS", "PGPASS", "db.pwd", "MYSQL_PWD"])(
    "masks %s, as passwords are often called",
    (name) => {
      expect(explainArgs({ [name]: "hunter2hunter2" })).toMatchObject([{ value: "[masked]" }]);
    },
  );

  it("masks what classes mark, key ids, and what looks like a key", () => {
    const args = {
      VAULT_KEY_ID: "short",
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_REGION: "us-east-1",
      plain: "Zm9vYmFyQmF6UXV4Q29ycmVjdDEyMw",
      path: "/srv/data/Long-Name-2026/with-Parts",
      policy: {
        central: { memory: { pool_router: { pools: { v: { key_id: "x", region: "r" } } } } },
      },
    };
    const env = {
      LAILA_VAULTPOOL_KEY_VALUE: "from env",
      LAILA_VAULTPOOL_REGION: "there",
      LAILA_VALTPOOL_REGION: "mistyped",
      LAILA_HOME: "/home",
      PATH: "/bin",
    };
    const explained = explainArgs(args, { classes: [VaultPool], env });
    const shown = Object.fromEntries(
      explained.map(({ name, value }) => [name.split(".").at(-1), value]),
    );
    expect(shown).toEqual({
      VAULT_KEY_ID: "[masked]",
      AWS_ACCESS_KEY_ID: "[masked]",
      AWS_REGION: "us-east-1",
      plain: "[masked]",
      path: "/srv/data/Long-Name-2026/with-Parts",
      key_id: "[masked]",
      region: "r",
      LAILA_VAULTPOOL_KEY_VALUE: "[masked]",
      LAILA_VAULTPOOL_REGION: "there",
      LAILA_VALTPOOL_REGION: "mistyped",
      LAILA_HOME: "/home",
    });
    expect(explained.filter(({ unknown }) => unknown)).toMatchObject([
      { name: "LAILA_VALTPOOL_REGION", unknown: ["LAILA_VAULTPOOL_REGION"] },
    ]);
  });
});

describe("variables as arguments", () => {
  it("by name, and never others; what is not set is told at once", () => {
    const into = makeArgs();
    const env = { A: "1", B: "", C: "3" };
    expect(() => readVariables(["A", "B", "D"], { env, into })).toThrowError(
      expect.objectContaining({ code: "MISSING_ARG", details: { names: ["B", "D"] } }),
    );
    expect(Object.keys(into)).toEqual([]);
    expect(readVariables(["A"], { env, into })).toBe(into);
    expect(Object.keys(into)).toEqual(["A"]);
    for (const wrong of ["A", [5], [""]]) {
      expect(() => readVariables(wrong as never, { env })).toThrowError(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
  });
});

describe("a file with secrets", () => {
  it("that others can read is told of, once, with the command that mends it", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const path = await file("it's mine.toml", 'DB_PASSWORD = "hunter2hunter2"\n', 0o644);
    await readArgs(path);
    await readArgs(path);
    expect(warned.mock.calls).toEqual([
      [
        expect.stringContaining(`chmod 600 '${path.replace("'", "'\\''")}'`),
        expect.objectContaining({ code: "LAILA_READABLE_SECRETS" }),
      ],
    ]);
    expect(JSON.stringify(warned.mock.calls)).not.toContain("hunter2");
    warned.mockClear();
    await readArgs(await file("mine.toml", 'DB_PASSWORD = "x"\n', 0o600));
    await readArgs(await file("open.toml", 'REGION = "x"\n[t]\nport = 1\n', 0o644));
    expect(warned).not.toHaveBeenCalled();
    await readArgs(await file("secrets.toml", 'X = "x"\n', 0o640));
    await readArgs(await file("nested.json", '{"a":{"token":"abc"}}', 0o604));
    expect(warned).toHaveBeenCalledTimes(2);
  });
});

describe("commands in files", () => {
  const toml = (script: string) =>
    `KEY = { command = [${JSON.stringify(process.execPath)}, "-e", ${JSON.stringify(script)}] }\nREGION = "r"\n`;

  it("are run only where that is said", async () => {
    await file("a.toml", toml(`console.log("s3cr3t value")`));
    const left = await readArgs("a.toml", { directory });
    expect(left.KEY.command[1]).toBe("-e");
    const args = await readArgs("a.toml", { directory, commands: true });
    expect([args.KEY, args.REGION]).toEqual(["s3cr3t value", "r"]);
    const [key] = explainArgs(args);
    expect(key).toMatchObject({ name: "KEY", value: "[masked]" });
    expect(key?.origin).toBe(`a.toml:1 (printed by ${process.execPath})`);
  });

  it("fail without leaving anything behind or showing anything", async () => {
    await file("a.toml", `A = "a"\n${toml(`console.log("s3cr3t"); process.exit(1)`)}`);
    const into = makeArgs();
    const error = await failure(readArgs("a.toml", { directory, commands: true, into }));
    expect(error).toMatchObject({ code: "MISSING_SECRET", details: { name: "KEY" } });
    expect(inspect(error, { depth: 9 })).not.toContain("s3cr3t");
    expect(Object.keys(into)).toEqual([]);
  });
});
