import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  constant,
  type Entry,
  Policy,
  type UnobservedFailure,
  unobservedFailureChannel,
} from "../src/index.js";
import { TestPool, unavailable } from "./pools.js";

let policy: Policy;
let alpha: TestPool;
let told: UnobservedFailure[];
let warnings: Error[];
const unhandled: unknown[] = [];
const onTold = (message: unknown): void => {
  told.push(message as UnobservedFailure);
};
const onWarning = (warning: Error): void => {
  warnings.push(warning);
};
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(() => {
  alpha = new TestPool();
  policy = new Policy({ alphaPool: alpha });
  told = [];
  warnings = [];
  subscribe(unobservedFailureChannel, onTold);
  process.on("warning", onWarning);
  process.on("unhandledRejection", onUnhandled);
});

afterEach(() => {
  unsubscribe(unobservedFailureChannel, onTold);
  process.off("warning", onWarning);
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled).toEqual([]);
});

const failing = (nickname: string, failure: unknown = unavailable(nickname)): Entry<string> => {
  const entry = constant(nickname, { nickname });
  alpha.failing.set(entry.globalId, failure);
  return entry;
};
const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a failure that nobody observed", () => {
  it("is told on the channel, warned of once, and fails close", async () => {
    const { memory } = policy.central;
    const [one, two] = [unavailable("one"), unavailable("two")];
    const first = memory.memorize(failing("a", one));
    await turns();
    memory.remember([failing("b", two), constant("fine")]);
    await turns();
    expect(told.map(({ error }) => error)).toContain(one);
    expect(told[0]).toEqual({ policyId: policy.globalId, futureId: first.globalId, error: one });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({
      name: "LailaWarning",
      code: "LAILA_UNOBSERVED_FAILURE",
      message: expect.stringContaining("one"),
    });
    const closing = policy.close();
    await expect(closing).rejects.toMatchObject({
      code: "MULTIPLE",
      errors: expect.arrayContaining([one, two]),
    });
    await expect(policy.close()).rejects.toMatchObject({ code: "MULTIPLE" });
    expect(alpha.closings).toBe(1);
  });

  it("is that of an argument as well", async () => {
    policy.central.memory.memorize("raw" as never);
    await turns();
    expect(told).toMatchObject([{ error: { code: "INVALID_ARGUMENT" } }]);
    await expect(policy.close()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each<[string, (future: PromiseLike<unknown> & { readonly error: unknown }) => unknown]>([
    ["by then", (future) => future.then(undefined, () => undefined)],
    [
      "by await",
      async (future) => {
        try {
          await future;
        } catch {
          return "seen";
        }
        return "not failed";
      },
    ],
    ["by Promise.allSettled", (future) => Promise.allSettled([future])],
  ])("is none when somebody waits for it, %s", async (_, observe) => {
    await observe(policy.central.memory.memorize(failing("a")));
    await turns();
    expect([told, warnings]).toEqual([[], []]);
    await policy.close();
  });

  it("is none when a group's outcomes are asked for", async () => {
    await policy.central.memory.memorize([failing("a"), constant(1)]).settled();
    await turns();
    expect(told).toEqual([]);
    await policy.close();
  });

  it("is taken back when somebody looks later", async () => {
    const { memory } = policy.central;
    const future = memory.memorize(failing("a"));
    await turns();
    expect(told).toHaveLength(1);
    expect(future.error).toMatchObject({ code: "UNAVAILABLE" });
    await policy.close();
  });

  it("is kept by error, at most a hundred, the rest by number", async () => {
    const { memory } = policy.central;
    const same = unavailable("always the same");
    for (let i = 0; i < 50; i++) memory.memorize(failing(`s${i}`, same));
    await turns();
    await expect(policy.close()).rejects.toMatchObject({ code: "UNAVAILABLE", cause: same });

    const other = new Policy({ alphaPool: new TestPool() });
    const futures = Array.from({ length: 300 }, (_, i) =>
      other.central.memory.remember({ nickname: `missing ${i}` }),
    );
    await turns();
    expect(warnings).toHaveLength(2);
    // Twenty are looked at late: ten of those kept, ten of those only counted.
    for (const future of [...futures.slice(0, 10), ...futures.slice(-10)])
      expect(future.error).toBeDefined();
    const error = await other.close().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "MULTIPLE", details: { failures: 280 } });
    expect((error as { errors: unknown[] }).errors).toHaveLength(90);
  });

  it("lists a hundred errors of a group, and knows how many there were", async () => {
    const { memory } = policy.central;
    const names = Array.from({ length: 250 }, (_, i) => ({ nickname: `missing ${i}` }));
    const group = memory.remember(names);
    const error = await group.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "MULTIPLE", details: { failures: 250 } });
    expect((error as { errors: unknown[] }).errors).toHaveLength(100);
    expect(
      new Set((await group.settled()).map((one) => one.status === "rejected" && one.reason)).size,
    ).toBe(250);
    memory.remember(names.slice(0, 150));
    memory.remember({ nickname: "another" });
    await expect(policy.close()).rejects.toMatchObject({
      code: "MULTIPLE",
      details: { failures: 151 },
    });
  });
});
