import {
  type KeysOptions,
  LailaError,
  type LazyValue,
  type ReadManyResult,
  type ReadResult,
  type WriteOptions,
} from "@laila/pool";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { failures, own, Statics } from "./support/broken.js";
import { ScriptedPool, settled } from "./support/scripted-pool.js";

// What random histories find in a few runs, they find in these.
fc.configureGlobal({ seed: 1 });

const { supports } = new ScriptedPool();

/** Each breaks one promise, and names tests that must find it. */
const broken: Record<string, { pool: () => ScriptedPool; found: RegExp[] }> = {
  "truncates long values": {
    pool: () =>
      new (class Cuts extends own() {
        protected override async _read(
          key: string,
          options: object,
        ): Promise<ReadResult | undefined> {
          const found = await super._read(key, options);
          return found && { ...found, bytes: found.bytes.slice(0, 5 * 2 ** 20) };
        }
      })(),
    found: [/^5 MiB \+ 1 of noise$/, /^5 MiB \+ 1 of JSON text$/],
  },
  "takes text for text": {
    pool: () =>
      new (class Text extends own() {
        protected override _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          return super._write(
            key,
            new TextEncoder().encode(new TextDecoder().decode(bytes)),
            options,
          );
        }
      })(),
    found: [/^no UTF-8$/, /^a byte order mark$/, /^every byte value$/],
  },
  "ignores conditions": {
    pool: () =>
      new (class Ignores extends own() {
        protected override _write(key: string, bytes: Uint8Array): Promise<string> {
          return super._write(key, bytes, {});
        }
      })(),
    found: [/^ifAbsent writes once$/, /^one of 20 ifAbsent writers wins$/, /random histories$/],
  },
  "looks first and writes later": {
    pool: () =>
      new (class Races extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          { condition }: WriteOptions,
        ): Promise<string> {
          const old = this.values.get(key);
          if (condition && ("ifAbsent" in condition ? old : old?.version !== condition.ifVersion)) {
            throw new LailaError("CONFLICT", "Somebody else wrote it first.", {
              details: { outcome: "lost" },
            });
          }
          await settled();
          return super._write(key, bytes, {});
        }
      })(),
    found: [
      /^one of 20 ifAbsent writers wins$/,
      /^one of 20 ifVersion writers wins$/,
      /lose no update$/,
    ],
  },
  "keeps lazy values where nobody else looks": {
    pool: () =>
      new (class Hides extends own() {
        readonly kept = new Map<string, LazyValue>();
        protected override _keptLazy(key: string): LazyValue | undefined {
          return this.kept.get(key);
        }
        protected override _keepLazy(key: string, value: LazyValue): boolean {
          this.kept.set(key, value);
          return true;
        }
      })(),
    found: [/^gives the bytes of a value/, /^has of kept values/, /^keeps conditions over kept/],
  },
  "keeps lazy values and says that it does not": {
    pool: () =>
      new (class Denies extends own() {
        protected override _keptLazy(): undefined {
          return undefined;
        }
        protected override _keepLazy(key: string, value: LazyValue): boolean {
          this.values.set(key, { bytes: value.toBytes(), version: "lazy" });
          return false;
        }
      })(),
    found: [/^gives the bytes of a value/, /^has of kept values/],
  },
  "stops its listing at a thousand keys": {
    pool: () =>
      new (class Stops extends own() {
        protected override async *_keys(options: KeysOptions): AsyncGenerator<string> {
          let left = 1000;
          for await (const key of super._keys(options)) if (left-- > 0) yield key;
        }
      })(),
    found: [/^lists 2500 keys/],
  },
  "takes a prefix for a folder": {
    pool: () =>
      new (class Folders extends own() {
        protected override async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
          for await (const key of super._keys({})) {
            if (
              prefix === "" ||
              key === prefix ||
              key.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`)
            )
              yield key;
          }
        }
      })(),
    found: [/^lists 2500 keys/, /awkward characters$/],
  },
  "takes keys for equal that are not": {
    pool: () =>
      new (class Folds extends own() {
        protected override _read(key: string, options: object): Promise<ReadResult | undefined> {
          return super._read(key.normalize().toLowerCase(), options);
        }
        protected override _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          return super._write(key.normalize().toLowerCase(), bytes, options);
        }
      })(),
    found: [/^keeps awkward keys apart$/],
  },
  "keeps using the buffers it gives": {
    pool: () =>
      new (class Shares extends own() {
        protected override async _read(key: string): Promise<ReadResult | undefined> {
          return this.values.get(key);
        }
      })(),
    found: [/^doesn't share the 10 bytes it gives$/, /^doesn't share the 100000 bytes it gives$/],
  },
  "keeps the caller's buffer": {
    pool: () =>
      new (class Keeps extends own() {
        override write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string | undefined> {
          return super.write(key, bytes, { ...options, handOver: true });
        }
      })(),
    found: [
      /^doesn't see changes of the caller's 10 bytes after the call$/,
      /^doesn't see changes of the caller's 100000 bytes after the call$/,
    ],
  },
  "writes in two steps": {
    pool: () =>
      new (class Tears extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          await super._write(key, bytes.slice(0, bytes.byteLength >> 1), options);
          await settled();
          return super._write(key, bytes, {});
        }
      })(),
    found: [
      /^keeps values whole under 200 operations/,
      /^gives old bytes or new while 4 KiB are overwritten$/,
      /^keeps values whole that several overwrite and delete$/,
    ],
  },
  "has nothing under the key while it overwrites": {
    pool: () =>
      new (class Gaps extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          const version = await super._write(key, bytes, options);
          const value = this.values.get(key);
          this.values.delete(key);
          await settled();
          if (value) this.values.set(key, value);
          return version;
        }
      })(),
    found: [/^gives old bytes or new while 10 bytes/, /^is linearizable/],
  },
  "reads what it remembers": {
    pool: () =>
      new (class Remembers extends own() {
        #remembered = new Map<string, ReadResult | undefined>();
        #reads = 0;
        protected override async _read(
          key: string,
          options: object,
        ): Promise<ReadResult | undefined> {
          const remembered = this.#remembered.get(key);
          if (remembered && ++this.#reads % 5 === 0) return remembered;
          const found = await super._read(key, options);
          this.#remembered.set(key, found);
          return found;
        }
      })(),
    found: [/^reads its own writes in the order they were awaited$/],
  },
  "drops its queue when one call is aborted": {
    pool: () =>
      new (class Drops extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          await settled();
          if (options.signal?.aborted) this.values.clear();
          return super._write(key, bytes, options);
        }
      })(),
    found: [/^in the queue: what was not aborted is done$/, /^in the middle of many/],
  },
  "swallows errors": {
    pool: () =>
      new (class Swallows extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          try {
            return await super._write(key, bytes, options);
          } catch {
            return this.values.get(key)?.version ?? "";
          }
        }
      })(),
    found: [
      /^ifAbsent writes once$/,
      /^ifVersion never creates$/,
      /^gives each conditional item its own outcome$/,
    ],
  },
  "doesn't know an empty value from none": {
    pool: () =>
      new (class Empty extends own() {
        protected override async _read(
          key: string,
          options: object,
        ): Promise<ReadResult | undefined> {
          const found = await super._read(key, options);
          return found?.bytes.byteLength === 0 ? undefined : found;
        }
      })(),
    found: [/^no byte at all$/, /^says that an empty value exists$/],
  },
  "is silent about missing keys in readMany": {
    pool: () =>
      new (class Silent extends own() {
        protected override async *_readMany(
          keys: readonly string[],
          options: object,
        ): AsyncGenerator<ReadManyResult> {
          for await (const one of super._readMany(keys, options)) if (one.result) yield one;
        }
      })(),
    found: [/^writes, reads and deletes 150 keys$/],
  },
  "fails in its own words": {
    pool: () =>
      new (class Raw extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          if (options.condition && this.values.has(key)) throw new Error("412 Precondition Failed");
          return super._write(key, bytes, options);
        }
      })(),
    found: [/^ifAbsent writes once$/],
  },
  "forgets to mark a secret": {
    pool: () => {
      class Unmarked extends own() {
        static override readonly configSchema = z.object({ sessionToken: z.string().optional() });
        static override readonly classToken = "Unmarked";
        static override readonly packageName = "@laila/pool";
      }
      return new Unmarked();
    },
    found: [/^marks every field that sounds secret$/],
  },
  "tells its secret": {
    pool: () =>
      new (class Tells extends own() {
        protected override async _write(
          key: string,
          bytes: Uint8Array,
          options: WriteOptions,
        ): Promise<string> {
          if (options.condition && this.values.has(key)) {
            throw new LailaError("CONFLICT", "https://me:hunter22-hunter22@host answered 412.", {
              details: { outcome: "lost" },
            });
          }
          return super._write(key, bytes, options);
        }
      })(),
    found: [/^told documented errors, and no secret in any of them$/],
  },
};

describe("the conformance suite", () => {
  it("passes a good pool", async () => {
    expect(await failures({ supports, create: () => ({ pool: new Statics() }) })).toEqual([]);
  });

  for (const [what, { pool, found }] of Object.entries(broken)) {
    it(`finds a pool that ${what}, by "${found[0]?.source}"`, async () => {
      const failed = await failures({
        supports,
        create: () => ({ pool: pool() }),
        secrets: ["hunter22-hunter22"],
        runs: 50,
      });
      // Only what is broken: a suite that fails for any reason finds nothing.
      expect(failed.length).toBeLessThan(50);
      for (const name of found) expect(failed).toContainEqual(expect.stringMatching(name));
    });
  }

  it("finds a pool that declares what the suite was not told", async () => {
    const told = { ...supports, maxKeyBytes: 300 };
    expect(await failures({ supports: told, create: () => ({ pool: new Statics() }) })).toEqual(
      expect.arrayContaining(["supports what the suite was told"]),
    );
  });
});
