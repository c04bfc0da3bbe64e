import { OpenDALPool } from "@laila/pool-opendal";
import { Operator } from "opendal";
import { expect, it } from "vitest";

it.each(["write", "delete"] as const)(
  "an aborted write that is done late does not come down on a later %s",
  async (verb) => {
    const operator = new Operator("memory");
    const write = operator.write.bind(operator);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const writes: Promise<unknown>[] = [];
    operator.write = (...args) => {
      const written = (writes.length === 0 ? gate : Promise.resolve()).then(() => write(...args));
      writes.push(written);
      return written;
    };
    const pool = new OpenDALPool({ scheme: "memory", operator });
    await pool.open();
    const ending = new AbortController();
    const aborted = pool.write("key", Uint8Array.of(1), { signal: ending.signal });
    await expect.poll(() => writes.length).toBe(1);
    ending.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    const later = verb === "write" ? pool.write("key", Uint8Array.of(2)) : pool.delete("key");
    // Time for it to come first, if it can.
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    open();
    await later;
    await Promise.all(writes);
    const found = await pool.read("key");
    expect(found && [...found.bytes]).toEqual(verb === "write" ? [2] : undefined);
    await pool.close();
  },
);
