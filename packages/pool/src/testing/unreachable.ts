import type { ManyResult, PoolLike, ReadManyResult } from "../contract.js";
import { check, collect } from "./assertions.js";
import { utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** A pool that does not know says so: never "not there", "no", nothing, or done. */
export function unreachable(suite: Suite): void {
  const make = suite.unreachable;
  if (!make) return;
  suite.floor("storage that cannot be reached", () => {
    for (const [name, call] of calls) {
      suite.it(`${name} fails, and says why`, async (room) => {
        const pool = await room.use(await make());
        const error = await call(pool).then(perItem, (thrown: unknown) => thrown);
        check(error !== undefined, `${name} resolved, although the storage was not there to ask`);
        suite.laila(error);
      });
    }
  });
}

/** The calls for many may fail as a whole, or give each key its error. */
function perItem(answer: unknown): unknown {
  if (!Array.isArray(answer) || answer.length === 0) return undefined;
  const items = answer as (ManyResult | ReadManyResult)[];
  return items.every(({ error }) => error !== undefined) ? items[0]?.error : undefined;
}

const calls: readonly (readonly [string, (pool: PoolLike) => Promise<unknown>])[] = [
  ["open", (pool) => pool.open()],
  ["read", (pool) => pool.read("a")],
  ["write", (pool) => pool.write("a", utf8("b"))],
  ["delete", (pool) => pool.delete("a")],
  ["exists", (pool) => pool.exists("a")],
  ["keys", (pool) => collect(pool.keys())],
  ["readMany", (pool) => collect(pool.readMany(["a", "b"]))],
  ["writeMany", (pool) => pool.writeMany([{ key: "a", bytes: utf8("b") }])],
  ["deleteMany", (pool) => pool.deleteMany(["a", "b"])],
];
