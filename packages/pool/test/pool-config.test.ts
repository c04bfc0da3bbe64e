import { inspect } from "node:util";
import {
  exempt,
  MemoryPool,
  Pool,
  type PoolOptions,
  path,
  Secret,
  type Supports,
  secret,
} from "@laila/pool";
import { describe, expect, it } from "vitest";
import * as z from "zod";

const code = (expected: string) => expect.objectContaining({ code: expected });

const supports: Supports = new MemoryPool().supports;

/** A backend that has a configuration and nothing else. */
abstract class Bare extends Pool<Record<string, unknown>> {
  readonly supports = supports;
  /** What a careless backend keeps in a public field. */
  readonly connection: unknown = undefined;
  protected async _open(): Promise<void> {
    await Promise.resolve();
  }
  protected async _read(): Promise<undefined> {
    return undefined;
  }
  protected async _write(): Promise<undefined> {
    return undefined;
  }
  protected async _delete(): Promise<void> {
    await Promise.resolve();
  }
  protected async _exists(): Promise<boolean> {
    return false;
  }
  protected async *_keys(): AsyncGenerator<string> {
    yield* [];
  }
  protected async _close(): Promise<void> {
    await Promise.resolve();
  }
  get seen(): Readonly<Record<string, unknown>> {
    return this.config;
  }
}

const configSchema = z.object({
  hostName: z
    .string()
    .regex(/^[a-z.]+$/)
    .default("localhost"),
  apiKey: secret(z.string(), "BARE_API_KEY").optional(),
  filePath: path(z.string()).optional(),
  logger: exempt(z.custom<(line: string) => void>()).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

class BarePool extends Bare {
  static readonly configSchema = configSchema;
  static readonly classToken = "BarePool";
  static readonly packageName = "@laila/pool-bare";
  constructor(config: object, options?: PoolOptions) {
    super(config, options);
    Object.assign(this, { connection: { password: this.config.apiKey } });
  }
}

const apiKey = "hunter22-hunter22";

describe("what a class declares", () => {
  const make = (statics: object) => {
    const cls = class Made extends Bare {};
    Object.assign(cls, statics);
    return () => new (cls as unknown as new (config: object) => Bare)({});
  };
  const whole = { configSchema: z.object({}), classToken: "Made", packageName: "made" };

  it("is enough", () => {
    expect(make(whole)).not.toThrow();
  });

  for (const missing of ["configSchema", "classToken", "packageName"] as const) {
    it(`is INVALID_CONFIG without ${missing}, and the message names it`, () => {
      const { [missing]: _, ...rest } = whole;
      expect(make(rest)).toThrow(code("INVALID_CONFIG"));
      expect(make(rest)).toThrow(new RegExp(`Made.*${missing}`));
    });
  }

  it("is never inherited: the parent's name would be stored", () => {
    class Child extends MemoryPool {}
    expect(() => new Child()).toThrow(code("INVALID_CONFIG"));
    expect(() => new Child()).toThrow(/Child/);
  });

  it("has fields that documents can carry", () => {
    for (const shape of [
      { BadName: z.string() },
      { aB: z.string(), classToken: z.string() },
      { nickname: z.string() },
      { layers: z.string() },
      { a: z.object({ twoWords: z.string() }) },
      { a: z.array(z.object({ key: secret(z.string()) })).optional() },
    ]) {
      expect(make({ ...whole, configSchema: z.object(shape) })).toThrow(code("INVALID_CONFIG"));
    }
    for (const wrong of [undefined, {}, z.string(), { parse: () => ({}) }]) {
      expect(make({ ...whole, configSchema: wrong })).toThrow(code("INVALID_CONFIG"));
    }
    for (const wrong of ["", "has space", 7]) {
      expect(make({ ...whole, classToken: wrong })).toThrow(code("INVALID_CONFIG"));
    }
  });

  it("is each class's own, also when two have one name", () => {
    const first = make({ ...whole, configSchema: z.object({}) });
    const second = make({ ...whole, configSchema: z.object({ needed: z.string() }) });
    expect(first).not.toThrow();
    expect(second).toThrow(/needed/);
    expect(first).not.toThrow();
  });

  it("keeps the schema's own refinements", () => {
    const refined = z
      .object({ a: z.string().optional(), b: z.string().optional() })
      .refine(
        (config) => (config.a === undefined) === (config.b === undefined),
        "a and b belong together",
      );
    class Refined extends Bare {
      static readonly configSchema = refined;
      static readonly classToken = "Refined";
      static readonly packageName = "refined";
    }
    expect(() => new Refined({ a: "1" })).toThrow(/a and b belong together/);
    expect(() => new Refined({ a: "1", b: "2", c: "3" })).toThrow(/unknown field "c"/);
    expect(() => new Refined({ a: "1", b: "2", nicname: "n" })).toThrow(
      /unknown field "nicname" \(did you mean nickname\?\)/,
    );
    expect(new Refined({ a: "1", b: "2" }).seen).toEqual({ a: "1", b: "2" });
  });
});

describe("a configuration", () => {
  it("is validated; each wrong field is named, no value is told", () => {
    const wrong = [
      { hostName: "NO GOOD hunter22" },
      { hostName: 7 },
      { apiKey: 7 },
      { nickname: 7 },
      { nickname: "\ud800" },
      null,
      [],
      "x",
      { unknownField: apiKey },
    ];
    for (const config of wrong) {
      expect(() => new BarePool(config as object)).toThrow(code("INVALID_CONFIG"));
      expect(() => new BarePool(config as object)).not.toThrow(/hunter22/);
    }
    expect(() => new BarePool({ hostName: 7, unknownField: 1 })).toThrow(
      expect.objectContaining({ details: { fields: ["hostName", "unknownField"] } }),
    );
    expect(() => new BarePool(JSON.parse('{"__proto__":{"apiKey":"x"}}') as object)).toThrow(
      code("INVALID_CONFIG"),
    );
  });

  it("has no empty secrets, given as a string or as a Secret", () => {
    for (const empty of ["", new Secret("")]) {
      expect(() => new BarePool({ apiKey: empty })).toThrow(code("INVALID_CONFIG"));
    }
  });

  it("takes a Secret where a field is marked secret, and nowhere else", () => {
    expect(new BarePool({ apiKey: new Secret(apiKey, "MY_KEY") }).seen.apiKey).toBe(apiKey);
    expect(() => new BarePool({ hostName: new Secret("host") })).toThrow(code("INVALID_CONFIG"));
  });

  it("has its defaults, which are not captured", () => {
    const pool = new BarePool({ hostName: undefined });
    expect(pool.seen.hostName).toBe("localhost");
    expect(pool.toConfig()).toEqual({ class_token: "BarePool", package: "@laila/pool-bare" });
  });

  it("is captured under stored names, without exempt fields, with secrets as Secret, paths as given", () => {
    const given = new Secret(apiKey, "MY_KEY");
    const config = {
      filePath: "./data/x.h5",
      logger: () => undefined,
      tags: { keepThisKey: "x" },
      hostName: "localhost",
      nickname: "bare",
    };
    const captured = new BarePool({ ...config, apiKey: given }).toConfig();
    expect(Object.keys(captured)).toEqual([
      "class_token",
      "package",
      "nickname",
      "host_name",
      "api_key",
      "file_path",
      "tags",
    ]);
    expect(captured).toMatchObject({
      nickname: "bare",
      host_name: "localhost",
      file_path: "./data/x.h5",
      tags: { keepThisKey: "x" },
    });
    expect(captured.api_key).toBe(given);
    const plain = new BarePool({ ...config, apiKey }).toConfig().api_key;
    expect(Secret.is(plain) && plain.reveal()).toBe(apiKey);
  });

  it("is a copy each time", () => {
    const pool = new BarePool({ tags: { a: "1" } });
    (pool.toConfig().tags as Record<string, string>).a = "changed";
    expect(pool.toConfig().tags).toEqual({ a: "1" });
  });
});

describe("identity", () => {
  it("is fresh, or the nickname's, or the one given", () => {
    const [one, two] = [new BarePool({}), new BarePool({})];
    expect(one.globalId).toMatch(/^LAILA:POOL:GLOBAL_ID:[0-9a-f-]{36}$/);
    expect(two.globalId).not.toBe(one.globalId);
    expect(new BarePool({ nickname: "x" }).globalId).toBe(new BarePool({ nickname: "x" }).globalId);
    const namespace = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    expect(new BarePool({ nickname: "x" }, { namespace }).globalId).not.toBe(
      new BarePool({ nickname: "x" }).globalId,
    );
    expect(new BarePool({ nickname: "x" }, { globalId: one.globalId }).globalId).toBe(one.globalId);
  });

  it("is INVALID_ID when it is no pool's", () => {
    for (const globalId of [
      "x",
      "",
      `${new BarePool({}).globalId}-0x`,
      new BarePool({}).globalId.replace("POOL", "ENTRY"),
    ]) {
      expect(() => new BarePool({}, { globalId })).toThrow(code("INVALID_ID"));
    }
  });
});

describe("what a pool shows", () => {
  it("is who it is, and none of its configuration, whatever a backend keeps in its fields", () => {
    const pool = new BarePool({ apiKey, nickname: "bare" });
    const line = inspect(pool, { breakLength: Number.POSITIVE_INFINITY });
    expect(line).toBe(`BarePool { globalId: '${pool.globalId}', nickname: 'bare' }`);
    expect(inspect(new BarePool({ apiKey }))).toMatch(/^BarePool \{\s+globalId: '[^']+'\s+\}$/);
    expect(JSON.parse(JSON.stringify(pool))).toEqual({
      class_token: "BarePool",
      globalId: pool.globalId,
      nickname: "bare",
    });
    for (const shown of [
      inspect({ deep: { pool } }, { depth: 9 }),
      JSON.stringify({ pool }),
      String(pool),
      JSON.stringify(pool.toConfig()),
      inspect(pool.toConfig()),
    ]) {
      expect(shown).not.toContain(apiKey);
    }
  });
});
