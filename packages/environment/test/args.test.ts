import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { argEntries, lookUpArg, makeArgs, readArgs } from "../src/index.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-args-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(directory, name), text);
  return name;
}

const toml = `# credentials
AWS_REGION = "eu-west-1"
"quoted name" = 'x'
text = """
several [lines]
key = "not a key"
"""
list = [
  "a", # with ] a comment
  { inner = 1 },
]
when = 1979-05-27T07:32:00Z

[policy.central]
limit = 5
nested.deep = true

[[servers]]
name = "one"
`;

describe("reading files", () => {
  it("reads TOML, tables and types, and keeps the line of every value", async () => {
    const name = await file("some.toml", toml);
    const args = await readArgs(name, { directory });
    expect(args.AWS_REGION).toBe("eu-west-1");
    expect(args["quoted name"]).toBe("x");
    expect(args.text).toBe('several [lines]\nkey = "not a key"\n');
    expect(args.policy.central.nested.deep).toBe(true);
    expect(args.when).toBeInstanceOf(Date);
    const lines = Object.fromEntries(argEntries(args).map((arg) => [arg.name, arg.source]));
    expect(lines).toEqual({
      AWS_REGION: { file: name, line: 2 },
      "quoted name": { file: name, line: 3 },
      text: { file: name, line: 4 },
      list: { file: name, line: 8 },
      when: { file: name, line: 12 },
      "policy.central.limit": { file: name, line: 15 },
      "policy.central.nested.deep": { file: name, line: 16 },
      servers: { file: name, line: 18 },
    });
  });

  it("reads JSON and keeps the lines", async () => {
    const name = await file(
      "some.json",
      '{\n  "A": "1",\n  "t": {\n "b": [1, 2],\n "c": null } }\n',
    );
    const args = await readArgs(name, { directory });
    expect([args.A, args.t.b, args.t.c]).toEqual(["1", [1, 2], null]);
    expect(argEntries(args).map(({ name: dotted, source }) => [dotted, source.line])).toEqual([
      ["A", 2],
      ["t.b", 4],
      ["t.c", 5],
    ]);
  });

  it("reads .env files without touching process.env", async () => {
    const before = { ...process.env };
    const text =
      '# c\nexport A=1\nB=\'two\nlines\' # more\n\nC: three\nD="x\\"y"\nE="a#b=c"\nF=1 # c\nG= # c\n';
    const name = await file(".env", text);
    const args = await readArgs(name, { directory });
    expect(argEntries(args).map((arg) => [arg.name, arg.value, arg.source.line])).toEqual([
      ["A", "1", 2],
      ["B", "two\nlines", 3],
      ["C", "three", 6],
      ["D", 'x\\"y', 7],
      ["E", "a#b=c", 8],
      ["F", "1", 9],
      ["G", "", 10],
    ]);
    expect({ ...process.env }).toEqual(before);
    expect((await readArgs(await file(".env.local", "A=2\n"), { directory })).A).toBe("2");
    expect((await readArgs(await file("prod.env", "A=3\n"), { directory })).A).toBe("3");
  });

  it("a token is a token, however its value ends; a file so called has a path", async () => {
    const args = await readArgs("CONFIG=x.toml");
    await readArgs("--AWS_SECRET_ACCESS_KEY=hunter2hunter2.env", { into: args });
    await readArgs("path=a/b/.env", { into: args });
    expect(args.CONFIG).toBe("x.toml");
    expect(args.AWS_SECRET_ACCESS_KEY).toBe("hunter2hunter2.env");
    expect(args.path).toBe("a/b/.env");
    await file("A=b.toml", "A = 1\n");
    expect((await readArgs("./A=b.toml", { directory })).A).toBe(1);
  });

  it("takes a file URL and absolute paths", async () => {
    const name = await file("url.toml", "A = 1\n");
    expect((await readArgs(new URL(`file://${join(directory, name)}`))).A).toBe(1);
    expect((await readArgs(join(directory, name))).A).toBe(1);
  });

  it("later values win, tables are merged, and the same object is given back", async () => {
    const args = makeArgs({ a: 1, t: { x: 1, y: 1 } });
    expect(await readArgs({ t: { y: 2 } }, { into: args })).toBe(args);
    await readArgs(["a=3", "--t.z=4"], { into: args });
    expect(JSON.parse(JSON.stringify({ ...args, t: { ...args.t } }))).toEqual({
      a: "3",
      t: { x: 1, y: 2, z: "4" },
    });
    expect(argEntries(args).at(-1)).toEqual({
      name: "t.z",
      value: "4",
      source: { token: "t.z" },
      replaced: [],
    });
  });
});

describe("what is wrong with a source", () => {
  const secret = "hunter2hunter2";
  const malformed: [string, string, number, number][] = [
    ["bad.toml", `A = "1"\nB = ${secret}\n`, 2, 5],
    ["open.toml", `A = "1"\nB = "${secret}\n`, 2, 20],
    ["twice.toml", `A = "1"\nA = "${secret}"\n`, 2, 1],
    ["bad.json", `{\n  "A": ${secret}\n}`, 2, 8],
    ["open.json", `{\n  "A": "${secret}\n}`, 2, 8],
    ["twice.json", `{ "A": 1,\n "A": "${secret}" }`, 2, 2],
    ["comma.json", `{ "A": "${secret}", }`, 1, 26],
    ["list.json", `["${secret}"]`, 1, 1],
    ["more.json", `{} ${secret}`, 1, 4],
    ["bad.env", `A=1\n${secret}\n`, 2, 1],
    ["open.env", `A=1\nB="${secret}\n`, 2, 3],
    ["hash.env", `A=1\nB=${secret}#def\n`, 2, 17],
    ["hash-first.env", `A=#${secret}\n`, 1, 3],
    ["hash-inside.env", `A=${secret}#d # a comment\n`, 1, 17],
    ["hash-quotes.env", `A="${secret}"b#c\n`, 1, 20],
  ];
  it.each(malformed)(
    "%s: file, line and column, never the text",
    async (name, text, line, column) => {
      await file(name, text);
      const error: unknown = await readArgs(name, { directory }).catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: "INVALID_DOCUMENT",
        details: { file: name, line, column },
      });
      expect((error as Error).message).toContain(`${name}:${line}:${column}`);
      expect(inspect(error, { depth: 10 })).not.toContain(secret);
    },
  );

  it.each(["x.toml", "x.json", "x.env"])(
    "a missing %s is NOT_FOUND with its path",
    async (name) => {
      await expect(readArgs(name, { directory })).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringMatching(/x\.(toml|json|env) is not there\. Create it/),
        details: { file: join(directory, name) },
      });
    },
  );

  it("a directory, and what is no source at all, are INVALID_ARGUMENT without being shown", async () => {
    await expect(readArgs(`${directory}/.env.d/..`, { directory: "/" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    for (const source of [
      secret,
      [secret],
      ["=x"],
      `no name=${secret}.env`,
      ["A=1", secret],
      ["a..b=1"],
      `p://u:${secret}@h/?a=b`,
      5,
      null,
    ]) {
      const error: unknown = await readArgs(source as string).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
      expect(inspect(error)).not.toContain(secret);
    }
  });

  it("names that could reach a prototype are refused", async () => {
    await file("proto.json", '{ "__proto__": { "polluted": true } }');
    await file("proto.toml", "[constructor]\nprototype = 1\n");
    for (const source of ["proto.json", "proto.toml", "__proto__.polluted=1"]) {
      await expect(readArgs(source, { directory })).rejects.toMatchObject({
        code: "INVALID_DOCUMENT",
      });
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const args = makeArgs();
    const partly = readArgs({ fine: 1, table: { constructor: 1 } }, { into: args });
    await expect(partly).rejects.toMatchObject({ code: "INVALID_DOCUMENT" });
    expect(Object.keys(args)).toEqual([]);
  });

  it("an aborted signal is ABORTED", async () => {
    const signal = AbortSignal.abort();
    await expect(readArgs("x.toml", { signal })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("args", () => {
  const args = makeArgs({
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    db: { password: "correct horse" },
  });

  it("a name that is not there throws MISSING_ARG with those that resemble it", () => {
    expect(() => args.AWS_SECRET_ACESS_KEY).toThrowError(
      expect.objectContaining({
        code: "MISSING_ARG",
        message: "There is no argument AWS_SECRET_ACESS_KEY. Did you mean AWS_SECRET_ACCESS_KEY?",
        details: { name: "AWS_SECRET_ACESS_KEY", near: ["AWS_SECRET_ACCESS_KEY"] },
      }),
    );
    expect(() => args.db.pasword).toThrowError(/Did you mean db\.password\?/);
    expect(() => args.SOMETHING_ELSE).toThrowError(/readArgs/);
    expect(() => args.wn).toThrowError(
      expect.objectContaining({ details: { name: "wn", near: [] } }),
    );
  });

  it("`in` tests without throwing", () => {
    expect("AWS_ACCESS_KEY_ID" in args).toBe(true);
    expect("AWS_REGION" in args).toBe(false);
    expect("toString" in args).toBe(false);
    expect("password" in args.db).toBe(true);
  });

  it("is no promise, and can be awaited", async () => {
    expect(await args).toBe(args);
  });

  it("never shows a value: inspect, JSON, text, and looking through the proxy", () => {
    const shown = [
      inspect(args, { depth: 10, showHidden: true }),
      inspect(args, { depth: 10, showProxy: true }),
      inspect({ args }, { depth: 10, customInspect: false, showHidden: true, showProxy: true }),
      JSON.stringify({ args }),
      String(args),
      `${args}`,
    ].join("\n");
    for (const { value } of argEntries(args)) expect(shown).not.toContain(value);
    expect(JSON.parse(JSON.stringify(args))).toEqual({
      AWS_SECRET_ACCESS_KEY: "[masked]",
      AWS_ACCESS_KEY_ID: "[masked]",
      db: { password: "[masked]" },
    });
    expect(shown).toContain("AWS_SECRET_ACCESS_KEY");
  });

  it("lists its names and can be spread, but not changed", () => {
    expect(Object.keys(args)).toEqual(["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "db"]);
    expect({ ...args }.AWS_ACCESS_KEY_ID).toBe("AKIDEXAMPLE");
    const open = args as Record<string, unknown>;
    const changes = [
      () => Object.assign(open, { X: 1 }),
      () => Reflect.deleteProperty(open, "db"),
      () => Object.defineProperty(open, "X", { value: 1 }),
      () => Object.setPrototypeOf(open, null),
      () => Object.freeze(open),
    ];
    for (const change of changes) {
      expect(change).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });

  it("is looked up by the names that references use", () => {
    expect(lookUpArg(args, "db.password")).toBe("correct horse");
    expect(lookUpArg(args, "AWS_ACCESS_KEY_ID")).toBe("AKIDEXAMPLE");
    expect(lookUpArg(args, "nope")).toBeUndefined();
  });
});
