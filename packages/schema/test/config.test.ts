import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import * as full from "zod";
import * as z from "zod/mini";
import {
  exempt,
  fieldMark,
  fieldsOf,
  path,
  Secret,
  secret,
  storedNames,
  toSnake,
} from "../src/index.js";
import { errorOf } from "./support/errors.js";

describe("marks on fields", () => {
  it("are found through every wrapper, of zod and of zod/mini", () => {
    const marked = secret(full.string(), "AWS_SECRET_ACCESS_KEY");
    const wanted = { laila: "secret", secretName: "AWS_SECRET_ACCESS_KEY" };
    for (const schema of [
      marked,
      marked.optional(),
      marked.nullable().default("x"),
      marked.min(3).describe("a description"),
      marked.transform((text) => text.length),
      marked.readonly().catch("x"),
      full.union([full.number(), marked]),
      full.preprocess((value) => value, marked),
      secret(z.string(), "AWS_SECRET_ACCESS_KEY"),
      z.optional(secret(z.string(), "AWS_SECRET_ACCESS_KEY")),
    ]) {
      expect(fieldMark(schema)).toMatchObject(wanted);
    }
    expect(fieldMark(exempt(z.unknown()))).toMatchObject({ laila: "exempt" });
    expect(fieldMark(z.optional(path(z.string())))).toMatchObject({ laila: "path" });
    expect(fieldMark(full.object({}))).toBeUndefined();
  });

  it("stay on the field they were put on", () => {
    const text = full.string().min(1);
    const marked = secret(text);
    expect(fieldMark(text)).toBeUndefined();
    expect(fieldMark(marked)).toMatchObject({ laila: "secret" });
    expect(marked.safeParse("").success).toBe(false);
  });
});

describe("stored names", () => {
  it("are snake_case of the declared ones", () => {
    const schema = full.object({
      bucketName: full.string(),
      accessKeyId: full.string(),
      s3Key2: full.string(),
      prefix: full.string(),
    });
    expect(Object.keys(fieldsOf(schema))).toEqual([
      "bucketName",
      "accessKeyId",
      "s3Key2",
      "prefix",
    ]);
    expect([...storedNames(schema)]).toEqual([
      ["bucketName", "bucket_name"],
      ["accessKeyId", "access_key_id"],
      ["s3Key2", "s3_key2"],
      ["prefix", "prefix"],
    ]);
  });

  it.each(["BucketName", "bucket_name", "useURL", "a-b", "", "__proto__", "2x"])(
    "refuse %j",
    (name) => {
      errorOf(() => toSnake(name), "INVALID_CONFIG");
      errorOf(
        () => storedNames(z.object(Object.fromEntries([[name, z.string()]]))),
        "INVALID_CONFIG",
      );
    },
  );
});

describe("a Secret", () => {
  it("shows nowhere but in reveal()", () => {
    const value = new Secret("hunter2", "PASSWORD");
    for (const text of [
      String(value),
      `${JSON.stringify({ value })}`,
      inspect({ value }, { depth: 9, showHidden: true }),
      JSON.stringify(Object.entries(value)),
      JSON.stringify(structuredClone({ ...value })),
    ]) {
      expect(text).not.toContain("hunter2");
    }
    expect([String(value), String(new Secret("hunter2")), value.reveal()]).toEqual([
      "[secret PASSWORD]",
      "[secret]",
      "hunter2",
    ]);
  });

  it("is known whichever copy made it", () => {
    expect([
      Secret.is(new Secret("x")),
      Secret.is({ [Symbol.for("laila.secret")]: true }),
      Secret.is({}),
      Secret.is("x"),
      Secret.is(null),
    ]).toEqual([true, true, false, false, false]);
  });
});
