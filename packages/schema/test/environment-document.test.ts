import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { environmentJsonSchema } from "../scripts/environment-json-schema.mjs";
import {
  documentDigest,
  type EnvironmentDocument,
  environmentDocument,
  isSecretReference,
  parseEnvironmentDocument,
  parseJson,
} from "../src/index.js";
import { errorOf } from "./support/errors.js";

const pool = (n: number) => `LAILA:POOL:GLOBAL_ID:00000000-0000-4000-8000-00000000000${n}`;
const taskforce = "LAILA:TASK_FORCE:GLOBAL_ID:00000000-0000-4000-8000-00000000000a";

/** The example of formats.md, filled in. */
const example = {
  laila_environment: 1,
  policy: {
    global_id: "LAILA:POLICY:GLOBAL_ID:00000000-0000-4000-8000-00000000000f",
    central: {
      memory: {
        alpha_pool: pool(1),
        pool_router: {
          pools: {
            [pool(1)]: { class_token: "MemoryPool" },
            [pool(2)]: {
              class_token: "S3Pool",
              package: "@laila/pool-s3",
              nickname: "s3",
              bucket_name: "my-bucket",
              region_name: "us-east-1",
              access_key_id: { $secret: "AWS_ACCESS_KEY_ID" },
              secret_access_key: { $secret: "AWS_SECRET_ACCESS_KEY" },
              layers: [{ class_token: "Encrypt", key_id: "k1", key: { $secret: "K1" } }],
            },
          },
          pools_nicknames: { s3: pool(2) },
          affinities: { [pool(1)]: 0, [pool(2)]: 2.5 },
          proxies: { [pool(1)]: pool(2) },
        },
      },
      command: {
        alpha_taskforce: taskforce,
        taskforces: { [taskforce]: { class_token: "AsyncTaskForce", max_concurrency: 64 } },
      },
      communication: { connections: {} },
    },
  },
} as const satisfies EnvironmentDocument;

/** A copy of the example with something else at the path; `undefined` removes it. */
function changed(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(example);
  const steps = path.split("/");
  const last = steps.pop() as string;
  const parent = steps.reduce((at, step) => (at as Record<string, unknown>)[step], copy) as object;
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else
    Object.defineProperty(parent, last, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return copy;
}

const memory = "policy/central/memory";
const router = `${memory}/pool_router`;

describe("an environment document", () => {
  it("that is well-formed comes back as a copy, in its own order", () => {
    const parsed = parseEnvironmentDocument(example);
    expect(JSON.stringify(parsed)).toBe(JSON.stringify(example));
    expect(parsed).not.toBe(example);
    expect(parsed.policy.central.memory.pool_router.pools).not.toBe(
      example.policy.central.memory.pool_router.pools,
    );
  });

  it.each<[string, unknown, string]>([
    ["laila_environment", undefined, "environment.laila_environment"],
    ["laila_environment", "1", "environment.laila_environment"],
    ["laila_environment", 0, "environment.laila_environment"],
    ["more", 1, "environment.more"],
    ["policy", [], "environment.policy"],
    ["policy/global_id", undefined, "environment.policy.global_id"],
    ["policy/global_id", pool(1), "environment.policy.global_id"],
    ["policy/central/extra", {}, "environment.policy.central.extra"],
    [`${memory}/alpha_pool`, "s3", "environment.policy.central.memory.alpha_pool"],
    [`${memory}/alpha_pool`, pool(9), "environment.policy.central.memory.alpha_pool"],
    [
      `${router}/pools/${pool(2)}`,
      null,
      `environment.policy.central.memory.pool_router.pools.${pool(2)}`,
    ],
    [
      `${router}/pools/${pool(2)}/class_token`,
      undefined,
      `environment.policy.central.memory.pool_router.pools.${pool(2)}.class_token`,
    ],
    [
      `${router}/pools/${pool(2)}/layers`,
      [{}],
      `environment.policy.central.memory.pool_router.pools.${pool(2)}.layers.0.class_token`,
    ],
    [
      `${router}/pools/nope`,
      { class_token: "X" },
      "environment.policy.central.memory.pool_router.pools.nope",
    ],
    [
      `${router}/pools_nicknames/x`,
      pool(9),
      "environment.policy.central.memory.pool_router.pools_nicknames.x",
    ],
    [
      `${router}/affinities/${pool(1)}`,
      "0",
      `environment.policy.central.memory.pool_router.affinities.${pool(1)}`,
    ],
    [
      `${router}/affinities/${pool(9)}`,
      0,
      `environment.policy.central.memory.pool_router.affinities.${pool(9)}`,
    ],
    [
      `${router}/proxies/${pool(2)}`,
      pool(9),
      `environment.policy.central.memory.pool_router.proxies.${pool(2)}`,
    ],
    [
      `${router}/proxies/${pool(9)}`,
      pool(1),
      `environment.policy.central.memory.pool_router.proxies.${pool(9)}`,
    ],
    [`${router}/proxies`, undefined, "environment.policy.central.memory.pool_router.proxies"],
    [
      "policy/central/command/alpha_taskforce",
      "LAILA:TASK_FORCE:GLOBAL_ID:00000000-0000-4000-8000-00000000000b",
      "environment.policy.central.command.alpha_taskforce",
    ],
    [
      "policy/central/communication/connections",
      { x: { class_token: "Y" } },
      "environment.policy.central.communication.connections.x",
    ],
    [
      `${router}/pools/${pool(2)}/access_key_id`,
      { $secret: 5 },
      `environment.policy.central.memory.pool_router.pools.${pool(2)}.access_key_id`,
    ],
    [
      `${router}/pools/${pool(2)}/access_key_id`,
      { $secret: "A", resolver: "exec" },
      `environment.policy.central.memory.pool_router.pools.${pool(2)}.access_key_id`,
    ],
    [
      `${router}/pools/${pool(2)}/a`,
      JSON.parse('{"b":[{"__proto__":1}]}'),
      `environment.policy.central.memory.pool_router.pools.${pool(2)}.a.b.0.__proto__`,
    ],
    [
      `${router}/pools_nicknames/constructor`,
      pool(1),
      "environment.policy.central.memory.pool_router.pools_nicknames.constructor",
    ],
  ])("is refused when %s is %j, with the path", (path, value, where) => {
    expect(
      errorOf(() => parseEnvironmentDocument(changed(path, value)), "INVALID_DOCUMENT").details
        .path,
    ).toBe(where);
  });

  it("of a later version is told apart", () => {
    const error = errorOf(
      () => parseEnvironmentDocument(changed("laila_environment", 2)),
      "UNSUPPORTED_VERSION",
    );
    expect(error.message).toContain("version 2");
  });

  it("is plain JSON of at most 1 MiB, 32 deep", () => {
    const field = `${router}/pools/${pool(1)}/x`;
    // The pool's own fields lie seven deep.
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    parseEnvironmentDocument(changed(field, nested(25)));
    errorOf(() => parseEnvironmentDocument(changed(field, nested(26))), "INVALID_DOCUMENT");
    errorOf(
      () => parseEnvironmentDocument(changed(field, "x".repeat(1024 * 1024))),
      "INVALID_DOCUMENT",
    );
    parseEnvironmentDocument(changed(field, "x".repeat(1024 * 1024 - 2000)));
    for (const value of [new Date(0), new Map(), () => 1, Number.NaN, -0, "\ud800", 1n])
      errorOf(() => parseEnvironmentDocument(changed(field, value) as never), "INVALID_DOCUMENT");
    for (const value of [undefined, null, 1, "text", [], new Map()])
      errorOf(() => parseEnvironmentDocument(value), "INVALID_DOCUMENT");
  });

  it("shows no value of a field in an error", () => {
    const hidden = changed(`${router}/pools/${pool(2)}/class_token`, ["hunter2"]);
    expect(
      JSON.stringify(errorOf(() => parseEnvironmentDocument(hidden), "INVALID_DOCUMENT")),
    ).not.toContain("hunter2");
  });
});

describe("the JSON Schema", () => {
  const validate = new Ajv2020({ strict: true }).compile(
    environmentJsonSchema(environmentDocument),
  );

  it("takes the example, and what it takes has the shape", () => {
    expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each<[string, unknown]>([
    ["laila_environment", 2],
    ["more", 1],
    ["policy/global_id", pool(1)],
    [`${memory}/alpha_pool`, "s3"],
    [`${router}/pools/nope`, { class_token: "X" }],
    [`${router}/pools/${pool(2)}/class_token`, undefined],
    [`${router}/pools/${pool(2)}/layers`, [{}]],
    [`${router}/affinities/${pool(1)}`, "0"],
    ["policy/central/command", undefined],
  ])("refuses what the parser refuses: %s is %j", (path, value) => {
    expect(validate(changed(path, value))).toBe(false);
  });

  it("lets a pool have the fields of its class", () => {
    expect(validate(changed(`${router}/pools/${pool(1)}/anything`, { deep: [1] }))).toBe(true);
  });
});

describe("secret references", () => {
  it("are exactly that", () => {
    expect(isSecretReference({ $secret: "NAME" })).toBe(true);
    for (const value of [
      { $secret: "" },
      { $secret: 1 },
      { $secret: "A", x: 1 },
      {},
      [],
      null,
      "NAME",
      Object.create({ $secret: "A" }),
    ])
      expect(isSecretReference(value)).toBe(false);
  });
});

describe("parseJson", () => {
  it("reads JSON", () => {
    expect(parseJson(' {"a": [1.50, -0.0, "\\u00E9\\/"], "b": 1E3} ')).toEqual({
      a: [1.5, -0, "é/"],
      b: 1000,
    });
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"x":[{"b":{},"b":1}]}',
    '{"__proto__":1}',
    '{"a":{"constructor":{}}}',
    "{",
    "",
    "undefined",
    '{"a":{"$secret":1}}',
  ])("refuses %s", (text) => {
    errorOf(() => parseJson(text), "INVALID_DOCUMENT");
  });

  it("shows nothing of the text in its error, and takes any depth", () => {
    expect(errorOf(() => parseJson('{"password": hunter2}')).message).not.toContain("hunter2");
    expect(parseJson(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)).toHaveLength(1);
  });
});

describe("documentDigest", () => {
  it("does not depend on the order of members, but on everything else", () => {
    const digest = documentDigest({ b: [1, { d: "é", c: null }], a: {} });
    expect(digest).toBe(documentDigest({ a: {}, b: [1, { c: null, d: "é" }] }));
    // SHA-256 of {"a":{},"b":[1,{"c":null,"d":"é"}]}, by another tool.
    expect(digest).toBe("sha256-RATQTFR9XlnOhpeDFdBLNaDwGRu95JmUOoVBmhQLAMA=");
    for (const other of [
      { b: [1, { d: "é", c: null }] },
      { b: [{ d: "é", c: null }, 1], a: {} },
      { b: [1, { d: "e", c: null }], a: {} },
    ])
      expect(documentDigest(other)).not.toBe(digest);
    errorOf(() => documentDigest({ a: undefined }), "INVALID_ARGUMENT");
  });
});
