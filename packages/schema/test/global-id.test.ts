import { describe, expect, it } from "vitest";
import {
  constant,
  defaultNamespace,
  Entry,
  entryAt,
  formatGlobalId,
  globalIdOf,
  isGlobalId,
  isUuid,
  namespaceFor,
  newUuid,
  parseGlobalId,
  uuidOf,
  variable,
} from "../src/index.js";
import golden from "./__fixtures__/ids.json" with { type: "json" };
import { errorOf } from "./support/errors.js";

const uuid = "dd448e9c-a465-57c2-b3af-c783b86a4a06";

describe("nicknames give the ids that Python LAILA gives", () => {
  it("in all 54 cases, in the same default namespace", () => {
    expect(golden.cases).toHaveLength(54);
    expect(defaultNamespace).toBe(golden.universal_namespace);
  });

  it.each(golden.cases)("$namespace_key: $nickname", (wanted) => {
    const { nickname } = wanted;
    const namespace =
      wanted.namespace_key === null ? defaultNamespace : namespaceFor(wanted.namespace_key);
    expect(namespace).toBe(wanted.namespace_uuid);
    expect(uuidOf(nickname, namespace)).toBe(wanted.uuid);
    const { ENTRY, MANIFEST, POOL, POLICY } = wanted;
    expect(constant(1, { nickname, namespace }).globalId).toBe(ENTRY.constant);
    expect(variable(1, { nickname, namespace }).globalId).toBe(ENTRY.variable_default);
    for (const evolution of [0, 1, 7] as const) {
      expect(variable(1, { nickname, namespace, evolution }).globalId).toBe(
        ENTRY[`variable_${evolution}`],
      );
      expect(globalIdOf(nickname, { scope: "MANIFEST", namespace, evolution })).toBe(
        MANIFEST[`to_global_id_${evolution}`],
      );
    }
    expect(globalIdOf(nickname, { scope: "MANIFEST", namespace })).toBe(MANIFEST.constructed);
    expect(globalIdOf(nickname, { scope: "POOL", namespace })).toBe(POOL);
    expect(globalIdOf(nickname, { scope: "POLICY", namespace })).toBe(POLICY);
  });
});

describe("what Python's parser says of an id", () => {
  // Python takes these; formats.md does not.
  const laxer = new Set([
    `ENTRY:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-007`,
    `LAILA:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}\n`,
  ]);

  it.each(golden.parse)("$in", ({ in: text, ok }) => {
    if (ok === undefined || laxer.has(text)) {
      expect(isGlobalId(text)).toBe(false);
      errorOf(() => parseGlobalId(text), "INVALID_ID");
      return;
    }
    // Its scopes wrongly include the word GLOBAL_ID.
    const scopes = ok.scopes.filter((scope) => scope !== "GLOBAL_ID");
    expect(parseGlobalId(text)).toEqual({
      scopes,
      uuid: ok.uuid,
      evolution: ok.evolution ?? undefined,
    });
    expect(formatGlobalId(parseGlobalId(text))).toBe(text);
  });

  it("all of which are in the list", () => {
    const listed = golden.parse.filter(({ ok }) => ok !== undefined).map(({ in: text }) => text);
    expect([...laxer].filter((text) => !listed.includes(text))).toEqual([]);
  });
});

describe("malformed ids are refused", () => {
  it.each([
    "",
    `laila:ENTRY:GLOBAL_ID:${uuid}`,
    `OTHER:ENTRY:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:GLOBAL_ID:${uuid}`,
    `LAILA:GLOBAL_ID:ENTRY:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:ENTRY:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}:ENTRY`,
    `LAILA::GLOBAL_ID:${uuid}`,
    `LAILA:EN-TRY:GLOBAL_ID:${uuid}`,
    `LAILA:ÉNTRY:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}\n`,
    `LAILA:ENTRY\n:GLOBAL_ID:${uuid}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-007`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-00`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}--1`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-1.0`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-1\n`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-9007199254740993`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid}-${"9".repeat(400)}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid.slice(1)}`,
    `LAILA:ENTRY:GLOBAL_ID:g${uuid.slice(1)}`,
    `LAILA:ENTRY:GLOBAL_ID:${uuid.replaceAll("-", "")}`,
    `LAILA${":A".repeat(50_000)}`,
  ])("%j", (id) => {
    errorOf(() => parseGlobalId(id), "INVALID_ID");
    expect(isGlobalId(id)).toBe(false);
  });

  it("and whatever is no text", () => {
    for (const id of [5n, null, undefined, {}, Symbol("s"), [`LAILA:ENTRY:GLOBAL_ID:${uuid}`]]) {
      errorOf(() => parseGlobalId(id as string), "INVALID_ID");
      expect(isGlobalId(id)).toBe(false);
    }
  });

  it("with a short text in the error", () => {
    expect(errorOf(() => parseGlobalId("x".repeat(10_000))).message.length).toBeLessThan(500);
  });

  it("also when they are put together", () => {
    for (const parts of [
      { scopes: [] },
      { scopes: ["A B"] },
      { scopes: ["ENTRY\n"] },
      { scopes: ["GLOBAL_ID"] },
      { uuid: "x" },
      { uuid: `${uuid}\n` },
      { evolution: -1 },
      { evolution: 1.5 },
      { evolution: Number.NaN },
    ]) {
      errorOf(() => formatGlobalId({ scopes: ["ENTRY"], uuid, ...parts }), "INVALID_ID");
    }
  });
});

describe("ids", () => {
  it("can be asked for a scope", () => {
    const id = globalIdOf("x", { scope: "POOL" });
    expect([
      isGlobalId(id, "POOL"),
      isGlobalId(id, "ENTRY"),
      isGlobalId(`LAILA:A:POOL:GLOBAL_ID:${uuid}`, "POOL"),
    ]).toEqual([true, false, false]);
  });

  it("are random without a nickname", () => {
    const ids = new Set(Array.from({ length: 100 }, () => constant(1).uuid));
    expect(ids.size).toBe(100);
    expect([...ids].every((id) => isUuid(id) && id[14] === "4")).toBe(true);
    expect(isUuid(newUuid())).toBe(true);
  });

  it("need a well-formed nickname and a namespace that is one", () => {
    errorOf(() => uuidOf("\ud800"), "INVALID_ARGUMENT");
    errorOf(() => uuidOf(5 as never), "INVALID_ARGUMENT");
    errorOf(() => uuidOf("x", "acme"), "INVALID_ARGUMENT");
    errorOf(() => namespaceFor("\ud800"), "INVALID_ARGUMENT");
  });
});

describe("entries", () => {
  it("evolve when they are variables, and never change", () => {
    const first = variable({ a: 1 }, { nickname: "x" });
    const second = first.evolve("other");
    expect([first.evolution, second.evolution, second.data, second.nickname]).toEqual([
      0,
      1,
      "other",
      "x",
    ]);
    expect(second.globalId).toBe(globalIdOf("x", { evolution: 1 }));
    expect(Object.isFrozen(first) && Object.isFrozen(first.scopes)).toBe(true);
    errorOf(() => constant(1).evolve(2), "INVALID_ARGUMENT");
    errorOf(() => variable(1, { evolution: -1 }), "INVALID_ID");
    errorOf(() => variable(1, { evolution: Number.MAX_SAFE_INTEGER }).evolve(2), "INVALID_ID");
    expect(Object.is(variable(1, { evolution: -0 }).evolution, 0)).toBe(true);
  });

  it("can be made for an id that was found", () => {
    const id = globalIdOf("x", { evolution: 3 });
    const entry = entryAt(id, 1, "x");
    expect(entry).toBeInstanceOf(Entry);
    expect([entry.globalId, entry.evolution, entry.nickname]).toEqual([id, 3, "x"]);
    errorOf(() => entryAt("nope", 1), "INVALID_ID");
  });
});
