import { laila } from "@laila/core";
import { afterEach, expect, test, vi } from "vitest";
import { Traffic } from "../src/setup/traffic.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a bucket that never answers does not make the traffic pile up", async () => {
  vi.useFakeTimers();
  const never = new Promise<never>(() => undefined) as never;
  const begun = [
    vi.spyOn(laila.memory, "remember").mockReturnValue(never),
    vi.spyOn(laila.memory, "memorize").mockReturnValue(never),
  ];
  const traffic = new Traffic(500);
  await vi.advanceTimersByTimeAsync(10_000);
  traffic.set(0);
  const calls = begun.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  expect(calls).toBeGreaterThan(10);
  expect(calls).toBeLessThan(100);
});
