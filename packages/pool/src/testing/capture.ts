import { inspect } from "node:util";
import {
  errorCodes,
  fieldMark,
  fieldsOf,
  isGlobalId,
  isLailaError,
  Secret,
  storedNames,
} from "@laila/schema";
import type { PoolClass } from "../contract.js";
import { check, equal, fail } from "./assertions.js";
import { configOf, recapture } from "./recapture.js";
import { soundsSecret, unmarkedSecrets } from "./secret-fields.js";
import type { Suite } from "./suite.js";

/** What the pool tells about itself: its identity, its configuration without secrets, its abilities. */
export function capture(suite: Suite): void {
  suite.floor("capture", () => {
    suite.it("supports what the suite was told", async ({ pool }) => {
      equal({ ...pool.supports }, { ...suite.supports }, "supports");
    });

    suite.it("has the global id of a pool", async ({ pool, fresh }) => {
      check(isGlobalId(pool.globalId, "POOL"), `${pool.globalId} is the global id of a pool`);
      const other = await fresh();
      if (pool.nickname === undefined)
        check(other.globalId !== pool.globalId, "two pools have the same global id");
    });

    suite.it("declares its class", async ({ pool }) => {
      const cls = suite.classOf(pool);
      check(
        /^[A-Z][A-Za-z0-9]*$/.test(cls.classToken),
        `classToken is a class name, not ${cls.classToken}`,
      );
      check(cls.packageName.length > 0, "packageName names the package to install");
      // Throws when a field's name cannot be stored, or two collide.
      storedNames(cls.configSchema);
    });

    suite.it("gives a configuration that JSON carries unchanged", async ({ pool }) => {
      const cls = suite.classOf(pool);
      const document = pool.toConfig();
      equal(document.class_token, cls.classToken, "class_token");
      equal(document.package, cls.packageName, "package");
      equal(document.nickname, pool.nickname, "nickname");
      const known = new Set([
        "class_token",
        "package",
        "nickname",
        "layers",
        ...storedNames(cls.configSchema).values(),
      ]);
      for (const name of Object.keys(document))
        check(known.has(name), `toConfig() gives ${name}, which is no declared field`);
      const plain = JSON.parse(JSON.stringify(document)) as unknown;
      const withoutSecrets = JSON.parse(
        JSON.stringify(document, (_, value: unknown) => (Secret.is(value) ? String(value) : value)),
      ) as unknown;
      equal(plain, withoutSecrets, "the configuration as JSON");
      equal(JSON.stringify(pool.toConfig()), JSON.stringify(document), "a second toConfig()");
    });

    suite.it("captures no exempt field, and secrets only as Secret", async ({ pool }) => {
      const cls = suite.classOf(pool);
      const document = pool.toConfig();
      for (const [name, stored] of storedNames(cls.configSchema)) {
        if (!Object.hasOwn(document, stored)) continue;
        const field = fieldsOf(cls.configSchema)[name];
        const mark = field && fieldMark(field)?.laila;
        check(mark !== "exempt", `toConfig() gives the exempt field ${name}`);
        equal(Secret.is(document[stored]), mark === "secret", `${name} is captured as a Secret`);
      }
    });

    suite.it("is the same pool when it is made of its own configuration", async ({ pool }) => {
      const cls = suite.classOf(pool);
      const again = recapture(cls, pool);
      equal(
        revealed(configOf(cls, again)),
        revealed(configOf(cls, pool)),
        "the configuration of the second pool",
      );
      equal(
        JSON.stringify(again.toConfig()),
        JSON.stringify(pool.toConfig()),
        "the configuration as JSON",
      );
      equal(again.globalId, pool.globalId, "globalId");
      equal(again.nickname, pool.nickname, "nickname");
      equal({ ...again.supports }, { ...pool.supports }, "supports");
      await again.close();
    });

    suite.it("refuses a configuration with an unknown field", async ({ pool, rejects }) => {
      const cls = suite.classOf(pool);
      const wrong = async () => new cls({ ...configOf(cls, pool), noSuchField: "x" });
      const error = await rejects(wrong(), "INVALID_CONFIG", "an unknown field");
      check(error.message.includes("noSuchField"), "the error names the field");
    });

    suite.it("marks every field that sounds secret", async ({ pool }) => {
      const cls: PoolClass = suite.classOf(pool);
      equal(
        unmarkedSecrets(cls.configSchema),
        [],
        "fields that sound secret and are neither secret() nor exempt()",
      );
      for (const name of [
        "token",
        "secretAccessKey",
        "dbPassword",
        "apiKey",
        "credentials",
        "key",
      ]) {
        check(soundsSecret(name), `${name} sounds secret`);
      }
    });

    suite.it("shows no secret in inspect, JSON or text", async ({ pool }) => {
      const secrets = [
        ...suite.secrets,
        ...Object.values(configOf(suite.classOf(pool), pool)).flatMap(secretText),
      ];
      const shown = [
        inspect(pool, { depth: 10, showHidden: true, getters: true }),
        inspect(pool, { depth: 4, showHidden: true, customInspect: false }),
        inspect(pool.toConfig(), { depth: 10, showHidden: true, getters: true }),
        JSON.stringify(pool),
        JSON.stringify(pool.toConfig()),
        String(pool),
        JSON.stringify({ ...pool }),
        inspect(pool.supports, { depth: 10 }),
      ];
      for (const text of shown) noSecret(text, secrets, "what the pool shows of itself");
    });

    suite.it("told documented errors, and no secret in any of them", async ({ pool }) => {
      const secrets = [
        ...suite.secrets,
        ...Object.values(configOf(suite.classOf(pool), pool)).flatMap(secretText),
      ];
      for (const error of suite.errors) {
        if (!isLailaError(error)) fail("an error is no LailaError", error);
        check(errorCodes.includes(error.code), `${error.code} is no documented code`);
        check(error.message.length > 10, `the message of ${error.code} says what happened`);
        const shown = [
          inspect(error, { depth: 10 }),
          JSON.stringify(error),
          error.message,
          error.stack ?? "",
        ];
        for (const text of shown) noSecret(text, secrets, `a ${error.code}`);
      }
    });
  });
}

function noSecret(text: string, secrets: readonly string[], where: string): void {
  // The message must not repeat what it is about.
  check(
    !secrets.some((secret) => secret !== "" && text.includes(secret)),
    `${where} contains a secret`,
  );
}

function secretText(value: unknown): string[] {
  return Secret.is(value) ? [value.reveal()] : [];
}

function revealed(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      Secret.is(value) ? value.reveal() : value,
    ]),
  );
}
