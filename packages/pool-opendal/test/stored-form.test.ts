import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpenDALPool } from "@laila/pool-opendal";
import { Operator } from "opendal";
import { afterEach, beforeEach, expect, it } from "vitest";

let root: string;
let operator: Operator;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "laila-opendal-"));
  operator = new Operator("fs", { root });
});
afterEach(() => rm(root, { recursive: true, force: true }));

it.each(["dropbox", "azfile"])("never asks %s to hold an empty value", async (scheme) => {
  const pool = new OpenDALPool({ scheme, operator });
  const values = [[], [0], [0, 0, 7], [1, 0], [0x7b, 0x7d]];
  for (const [i, value] of values.entries()) await pool.write(`v${i}`, Uint8Array.from(value));
  for (const [i, value] of values.entries()) {
    expect([...((await pool.read(`v${i}`))?.bytes ?? [-1])]).toEqual(value);
    const stored = [...(await operator.read(`v${i}`))];
    expect(stored).toEqual(value.length === 0 || value[0] === 0 ? [0, ...value] : value);
  }
  await pool.close();
});

it("leaves the old value, and nothing else, when it cannot be renamed", async () => {
  const rename = operator.rename.bind(operator);
  const pool = new OpenDALPool({ scheme: "azfile", operator });
  await pool.write("kept", Uint8Array.of(1));
  operator.rename = () => Promise.reject(new Error("Unexpected (temporary) at rename => no"));
  await expect(pool.write("kept", Uint8Array.of(2))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  operator.rename = rename;
  expect([...((await pool.read("kept"))?.bytes ?? [])]).toEqual([1]);
  expect((await operator.list("", { recursive: true })).map((e) => e.path()).sort()).toEqual(
    expect.not.arrayContaining([expect.stringContaining("temporary")]),
  );
  await pool.close();
});
