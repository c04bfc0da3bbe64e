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

  it("end a call that was aborted before it", async () => {
    const given = cancellation();
    const pool = new MemoryPool();
    given.abort();
    const call = pool.read("a", new LazyCallOptions(given));
    await expect(call).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("leave it to their maker to see that a call which ended in its turn was aborted in it", async () => {
    const given = cancellation();
    const pool = new MemoryPool();
    await pool.open();
    const lazily = pool.read("a", new LazyCallOptions(given));
    const controller = new AbortController();
    const plainly = pool.read("a", { signal: controller.signal });
    given.abort();
    controller.abort();
    await expect(lazily).resolves.toBeUndefined();
    await expect(plainly).rejects.toMatchObject({ code: "ABORTED" });
  });
});
