import { afterAll, beforeAll, expect, test } from "vitest";
import { Folder } from "./support/folder.js";

let folder: Folder;

beforeAll(async () => {
  folder = await Folder.make();
  await folder.write("secrets.toml", folder.credentials);
});
afterAll(() => folder.close());

const flags = ["--secrets", "secrets.toml"];

test.concurrent.each([
  ["no command at all", [], "There is no command"],
  ["a command that there is not", ["evn", "list"], "Did you mean env?"],
  ["a group alone", ["env"], "laila env needs a command"],
  ["a command of a group that there is not", ["env", "histroy"], "Did you mean history?"],
  ["a flag that there is not", ["pool", "ls", "--bukcet", "x"], "Did you mean --bucket?"],
  ["a flag without its value", ["pool", "ls", "--bucket"], "--bucket"],
  ["a flag twice", ["pool", "ls", "--bucket", "a", "--bucket", "b"], "takes one --bucket"],
  ["an empty value", ["pool", "ls", "--bucket="], "--bucket is empty"],
  ["too many operands", ["pool", "ls", "a", "b"], '"b"'],
  ["too few", ["pool", "cp", "a"], "needs FROM TO"],
  ["no number", ["env", "history", "prod", "-n", "x", "--bucket", "things", ...flags], "--limit"],
  ["no bucket's name", ["pool", "ls", "--bucket", "a!", ...flags], "bucketName"],
  ["neither project nor bucket", ["pool", "ls", ...flags], "no project here"],
  ["a value of no choice", ["completion", "tcsh"], "tcsh"],
])("exit code 2: %s", async (_, args, told) => {
  const { code, out, err } = await folder.laila(...args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(told);
  expect(err).toMatch(/\nNext: .+\n$/);
});

test("exit codes 3 and 4, and 1: not found, conflict, failed", async () => {
  const bucket = ["--bucket", "things", ...flags];
  await folder.write("note.txt", "hello");
  const put = () => folder.laila("pool", "put", "note.txt", "-n", "note", ...bucket);
  expect(await put()).toMatchObject({ code: 0 });
  const cases: [number, Promise<{ code: number; out: string; err: string }>, string][] = [
    [3, folder.laila("env", "show", "nope", ...bucket), "nope"],
    [3, folder.laila("pool", "get", "nope", ...bucket), "nope"],
    [3, folder.laila("pool", "ls", "--bucket", "none-such", ...flags), "none-such"],
    [3, folder.laila("pool", "ls", "--bucket", "things", "--secrets", "gone.toml"), "gone.toml"],
    [3, folder.laila("pool", "ls", "--config", "gone.json"), "gone.json"],
    [4, put(), "note"],
    [1, folder.laila("pool", "ls", ...bucket, "--endpoint", "http://127.0.0.1:1"), "127.0.0.1"],
  ];
  for (const [expected, running, told] of cases) {
    const { code, out, err } = await running;
    expect({ code, out }, err).toEqual({ code: expected, out: "" });
    expect(err).toContain(told);
    expect(err).toMatch(/\nNext: .+\n$/);
    expect(err).not.toContain(folder.secret);
  }
});

test("with --json an error is JSON, too, on stderr", async () => {
  const usage = await folder.laila("env", "list", "--jsno", "--json");
  expect(JSON.parse(usage.err)).toEqual({
    error: {
      code: "USAGE",
      message: expect.stringContaining("--json"),
      next: "laila env list --help",
      exit: 2,
    },
  });
  const missing = await folder.laila(
    "env",
    "show",
    "nope",
    "--bucket",
    "things",
    ...flags,
    "--json",
  );
  expect(missing).toMatchObject({ code: 3, out: "" });
  expect(JSON.parse(missing.err)).toMatchObject({ error: { code: "NOT_FOUND", exit: 3 } });
});

test("help and version go to stdout", async () => {
  for (const args of [["--help"], ["help", "env"], ["env", "--help"], ["env", "save", "-h"]]) {
    const { code, out, err } = await folder.laila(...args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("Usage: laila");
  }
  expect((await folder.laila("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("flags alone: an environment is saved, and the AWS variables are taken without a file", async () => {
  const { accessKeyId, secretAccessKey, endpoint, region } = folder.server;
  const env = folder.with({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT: endpoint,
    AWS_REGION: region,
  });
  const where = ["--bucket", "things", "--prefix", "below"];
  expect(await env.laila("env", "save", "bare", ...where)).toMatchObject({
    code: 0,
    out: "bare, version 1\n",
  });
  expect((await env.laila("env", "save", "bare", ...where)).out).toContain("nothing changed");
  expect((await env.laila("env", "diff", "bare", ...where, "--exit-code")).code).toBe(0);
  expect((await env.laila("env", "recover", "bare", ...where)).code).toBe(0);
  expect((await folder.laila("pool", "ls", "--bucket", "things", ...flags)).out).not.toContain(
    "MANIFEST",
  );
});
