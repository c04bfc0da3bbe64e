import { describe, expect, it } from "vitest";
import { copyPool, type TransferEvent } from "../../src/index.js";
import { fill, outcomeOf, ProbedPool, record } from "./support.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pools(count: number): Promise<[ProbedPool, ProbedPool]> {
  const from = new ProbedPool();
  await fill(
    from,
    Array.from({ length: count }, (_, i) => record(i, `e${i}`)),
  );
  return [from, new ProbedPool()];
}

describe("the events of a transfer", () => {
  it("come one for each key, counted, by iteration and by callback alike", async () => {
    const [from, to] = await pools(50);
    const told: TransferEvent[] = [];
    const transfer = copyPool(from, to, { onProgress: (event) => told.push(event) });
    const seen: TransferEvent[] = [];
    for await (const event of transfer) seen.push(event);
    expect(seen).toEqual(told);
    expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(new Set(seen.map(({ key }) => key)).size).toBe(50);
    expect(seen.every(({ outcome, bytes }) => outcome === "copied" && bytes > 0)).toBe(true);
    expect(await transfer).toMatchObject({ copied: 50 });
  });

  it("hold up nothing when their reader is slow, who then misses the oldest", async () => {
    const [from, to] = await pools(1500);
    const transfer = copyPool(from, to, { concurrency: 64 });
    const reader = transfer[Symbol.asyncIterator]();
    expect((await reader.next()).value?.done).toBe(1);
    await transfer;
    const rest: number[] = [];
    for await (const { done } of reader) rest.push(done);
    expect(rest).toHaveLength(1024);
    expect(rest.at(-1)).toBe(1500);
  });

  it("end with what the transfer fails with, which counts as told", async () => {
    const [from, to] = await pools(5);
    from.before = () => {
      throw new Error("broken");
    };
    const unhandled: unknown[] = [];
    const note = (error: unknown): unknown => unhandled.push(error);
    process.on("unhandledRejection", note);
    const transfer = copyPool(from, to);
    const iterate = async (): Promise<void> => {
      for await (const event of transfer) expect(event.outcome).toBe("failed");
    };
    await expect(iterate()).rejects.toThrow("broken");
    for (let i = 0; i < 3; i++) await turn();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    // Whoever comes later is told, too.
    await expect(transfer[Symbol.asyncIterator]().next()).rejects.toThrow("broken");
  });

  it("can be left without ending the transfer", async () => {
    const [from, to] = await pools(20);
    const transfer = copyPool(from, to);
    for await (const _ of transfer) break;
    expect(await transfer).toMatchObject({ copied: 20 });
  });

  it("tell a total where it is known", async () => {
    const [from, to] = await pools(2);
    for await (const { total } of copyPool(from, to)) expect(total).toBeUndefined();
  });

  it("a callback that throws ends the transfer with its error", async () => {
    const [from, to] = await pools(40);
    const mistake = new Error("in the callback");
    const { error, report } = await outcomeOf(
      copyPool(from, to, {
        concurrency: 2,
        onProgress: () => {
          throw mistake;
        },
      }),
    );
    expect(error).toBe(mistake);
    expect(report.copied).toBeLessThan(4);
  });

  it("a filter that throws ends it, too", async () => {
    const [from, to] = await pools(3);
    const filter = (): boolean => {
      throw new Error("in the filter");
    };
    await expect(copyPool(from, to, { filter })).rejects.toThrow("in the filter");
  });
});

describe("an abort", () => {
  it("before the start does nothing", async () => {
    const [from, to] = await pools(3);
    from.log.length = 0;
    const signal = AbortSignal.abort(new Error("never mind"));
    const { code } = await outcomeOf(copyPool(from, to, { signal }));
    expect(code).toBe("ABORTED");
    expect([...from.log, ...to.log]).toEqual([]);
  });

  it("ends what waits: reads, and the listing", async () => {
    const [from, to] = await pools(10);
    for (const stuck of ["read", "keys"]) {
      const controller = new AbortController();
      from.before = (operation) => {
        if (operation !== stuck) return undefined;
        setImmediate(() => controller.abort());
        return new Promise(() => undefined);
      };
      const { code } = await outcomeOf(copyPool(from, to, { signal: controller.signal }));
      expect(code).toBe("ABORTED");
    }
  });

  it("ends those who wait for memory", async () => {
    const [from, to] = await pools(10);
    const controller = new AbortController();
    to.before = (operation) => {
      if (operation !== "write") return undefined;
      setImmediate(() => controller.abort());
      return new Promise(() => undefined);
    };
    const { signal } = controller;
    const { code } = await outcomeOf(copyPool(from, to, { signal, maxBytes: 1 }));
    expect(code).toBe("ABORTED");
  });

  it("by time is TIMEOUT, by cancel ABORTED; afterwards there is nothing to cancel", async () => {
    const [from, to] = await pools(5);
    from.before = () => new Promise(() => undefined);
    const late = await outcomeOf(copyPool(from, to, { signal: AbortSignal.timeout(1) }));
    expect(late.code).toBe("TIMEOUT");
    const transfer = copyPool(from, to);
    expect(transfer.cancel()).toBe(true);
    expect((await outcomeOf(transfer)).code).toBe("ABORTED");
    expect(transfer.cancel()).toBe(false);
  });

  it("leaves no listener on the caller's signal", async () => {
    const [from, to] = await pools(5);
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove.apply(signal, args);
    };
    await copyPool(from, to, { signal });
    expect(listeners).toBe(0);
  });
});
