import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Kind } from "../src/layout.js";
import { View } from "../src/view.js";
import { bytes, newFile, poolAt } from "./rooms.js";

const place = { kind: Kind.bytes, prefixLength: 0, length: 1, crc: 1, offset: 0, prefixOffset: 0 };
const entry = (sequence: number) => ({ ...place, sequence });
const lost = (sequence: number) => ({ lost: true as const, sequence });

describe("a listing", () => {
  it("gives every key that is there all the while, once, whatever happens between two keys", () => {
    const key = fc.constantFrom(..."abcdefghij");
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), key }),
      fc.record({ do: fc.constant("delete" as const), key }),
      fc.record({ do: fc.constant("freeze" as const), key }),
      fc.record({ do: fc.constant("install" as const), key }),
      fc.record({ do: fc.constant("next" as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.array(step), (before, during) => {
        const view = new View();
        const model = new Set<string>();
        let sequence = 0;
        const apply = ({
          do: what,
          key,
        }: typeof step extends fc.Arbitrary<infer T> ? T : never) => {
          if (what === "put") {
            view.set(key, lost(++sequence));
            model.add(key);
          } else if (what === "delete") {
            view.set(key, null);
            model.delete(key);
          } else if (what === "freeze") view.freeze();
          else if (what === "install") {
            // What a checkpoint does: all that is frozen is in the new snapshot.
            view.freeze();
            view.install(new Map([...model].map((name) => [name, entry(++sequence)])));
          }
        };
        for (const action of before) apply(action);
        const always = new Set(model);
        const ever = new Set(model);
        const keys = view.keys();
        const listed: string[] = [];
        const next = () => {
          const { value, done } = keys.next();
          if (!done) listed.push(value);
          return !done;
        };
        for (const action of during) {
          if (action.do === "next") next();
          else apply(action);
          for (const name of [...always]) if (!model.has(name)) always.delete(name);
          for (const name of model) ever.add(name);
        }
        while (next());
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed).toEqual(expect.arrayContaining([...always]));
        expect([...ever]).toEqual(expect.arrayContaining(listed));
      }),
    );
  });

  it("goes on across a checkpoint", async () => {
    const path = await newFile();
    const pool = poolAt(path, { checkpointBytes: 1 << 20 });
    const values = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, bytes: bytes(`${i}`) }));
    await pool.writeMany(values);
    const listed = new Set<string>();
    for await (const key of pool.keys()) {
      listed.add(key);
      // Enough for a checkpoint in the middle.
      if (listed.size === 100) {
        for (let i = 0; i < 3; i++) await pool.write(`big${i}`, new Uint8Array(1 << 20));
        await pool.exportSnapshot(`${path}.export`);
      }
    }
    for (const { key } of values) expect(listed.has(key)).toBe(true);
  });
});
