import { type Cancellation, LazyCallOptions, MemoryPool } from "@laila/pool";
import { describe, expect, it } from "vitest";

/** What a call can be ended through, and how often its signal was made. */
function cancellation(): Cancellation & { readonly made: number; abort(): void } {
  const controller = new AbortController();
  let made = 0;
  return {
    get aborted() {
      return controller.signal.aborted;
    },
    get signal() {
      made++;
      return controller.signal;
    },
    get made() {
      return made;
    },
    abort: () => controller.abort(),
  };
}

describe("call options with a signal that is made when it is read", () => {
  it("make none for calls to a pool in memory", async () => {
    const given = cancellation();
    const pool = new MemoryPool();
    await pool.open();
    const options = new LazyCallOptions(given);
    await pool.write("a", new Uint8Array(1), options);
    await pool.read("a", options);
    await pool.exists("a", options);
    await pool.delete("a", options);
    expect(given.made).toBe(0);
  });

  it("have it when they are copied", () => {
    const given = cancellation();
    const copy = { ...new LazyCallOptions(given, { handOver: true }) };
    expect(copy).toEqual({ signal: given.signal, handOver: true, borrow: false });
  });

  it.each(["before", "in the turn of"])("end a call that is aborted %s it", async (when) => {
    const given = cancellation();
    const pool = new MemoryPool();
    await pool.open();
    const options = new LazyCallOptions(given);
    if (when === "before") given.abort();
    const call = pool.read("a", options);
    given.abort();
    await expect(call).rejects.toMatchObject({ code: "ABORTED" });
  });
});
