import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { beforeEach, describe, expect, it } from "vitest";
import {
  constant,
  type Entry,
  type Future,
  Manifest,
  Policy,
  unobservedFailureChannel,
} from "../src/index.js";
import { TestPool, unavailable } from "./pools.js";

let policy: Policy;
let alpha: TestPool;

beforeEach(() => {
  alpha = new TestPool();
  policy = new Policy({ alphaPool: alpha });
});

const failing = (nickname: string, failure: unknown): Entry<string> => {
  const entry = constant(nickname, { nickname });
  alpha.failing.set(entry.globalId, failure);
  return entry;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("guarantee(fn)", () => {
  it("settles with the function's value when every write has landed", async () => {
    const { memory } = policy.central;
    const release = alpha.hold();
    let landed = false;
    const guarantee = policy.guarantee(() => {
      memory.memorize(constant(1));
      new Manifest(policy, { a: constant(2) }).memorize();
      return "value";
    });
    void guarantee.then(() => {
      landed = true;
    });
    await turn();
    expect(landed).toBe(false);
    release();
    expect(await guarantee).toBe("value");
    expect(alpha.values.size).toBe(3);
    await policy.close();
  });

  it("tracks what is started after awaits, and what goes on by itself", async () => {
    const { memory } = policy.central;
    await policy.guarantee(async () => {
      await turn();
      memory.memorize(constant("after an await"));
      const chain = async (left: number): Promise<void> => {
        await memory.memorize(constant(left));
        if (left > 0) await chain(left - 1);
      };
      void chain(5);
      void chain(5);
    });
    expect(alpha.values.size).toBe(13);
  });

  it("waits on while one thing leads to the next, however many steps of code lie between", async () => {
    await policy.guarantee(() => {
      const chain = async (left: number): Promise<void> => {
        await policy.central.memory.memorize(constant(left));
        for (let step = 0; step < 50; step++) await undefined;
        if (left > 0) await chain(left - 1);
      };
      void chain(5);
    });
    expect(alpha.values.size).toBe(6);
  });

  it("does not track what was started outside, also by another at the same time", async () => {
    const { memory } = policy.central;
    const release = alpha.hold();
    const outside = memory.memorize(constant("outside"));
    await turn();
    alpha.gate = undefined;
    const [a, b] = await Promise.all(
      ["a", "b"].map((name) =>
        policy.guarantee(async () => {
          await turn();
          memory.memorize(constant(name));
          return name;
        }),
      ),
    );
    expect([a, b]).toEqual(["a", "b"]);
    expect(outside.status).toBe("pending");
    release();
    await outside;
  });

  it("fails with what the function did not observe, and not with what it did", async () => {
    const { memory } = policy.central;
    const [seen, unseen] = [unavailable("seen"), unavailable("unseen")];
    const told: unknown[] = [];
    const onTold = (message: unknown): void => {
      told.push(message);
    };
    subscribe(unobservedFailureChannel, onTold);
    const guarantee = policy.guarantee(async () => {
      memory.memorize(failing("a", unseen));
      await memory.memorize(failing("b", seen)).catch(() => "handled");
      return 1;
    });
    await expect(guarantee).rejects.toBe(unseen);
    await turn();
    unsubscribe(unobservedFailureChannel, onTold);
    // It was reported where it belongs: nowhere else.
    expect(told).toEqual([]);
    await policy.close();
  });

  it("counts one error once, and several as MULTIPLE", async () => {
    const { memory } = policy.central;
    const [one, two] = [unavailable("one"), unavailable("two")];
    await expect(
      policy.guarantee(() => {
        for (const name of ["a", "b", "c"]) memory.memorize(failing(name, one));
      }),
    ).rejects.toBe(one);
    await expect(
      policy.guarantee(() => {
        memory.memorize([failing("a", one), failing("b", two)]);
        memory.memorize(failing("c", two));
      }),
    ).rejects.toMatchObject({
      code: "MULTIPLE",
      errors: expect.arrayContaining([one, two]),
      details: { failures: 2 },
    });
  });

  it("waits for what was started when the function throws, and tells both", async () => {
    const { memory } = policy.central;
    const [own, other] = [new Error("own"), unavailable("other")];
    await expect(
      policy.guarantee(() => {
        memory.memorize(constant("landed", { nickname: "landed" }));
        throw own;
      }),
    ).rejects.toBe(own);
    expect((await memory.remember({ nickname: "landed" })).data).toBe("landed");
    await expect(
      policy.guarantee(async () => {
        memory.memorize(failing("a", other));
        throw own;
      }),
    ).rejects.toMatchObject({ code: "MULTIPLE", errors: [own, other] });
    // The same error, thrown by the function and left by another operation.
    await expect(
      policy.guarantee(async () => {
        memory.memorize(failing("a", other));
        await memory.memorize(failing("b", other));
      }),
    ).rejects.toBe(other);
    await expect(policy.guarantee(() => Promise.reject(undefined))).rejects.toBeUndefined();
  });

  it("takes a future that the function returns as observed", async () => {
    const failure = unavailable();
    await expect(
      policy.guarantee(() => policy.central.memory.memorize(failing("a", failure))),
    ).rejects.toBe(failure);
    const entry = constant(1);
    expect(await policy.guarantee(() => policy.central.memory.memorize(entry))).toBe(entry);
    await policy.close();
  });

  it("reports outward from within", async () => {
    const { memory } = policy.central;
    const failure = unavailable();
    let inner: unknown;
    await expect(
      policy.guarantee(() => {
        inner = policy.guarantee(() => {
          memory.memorize(failing("a", failure));
        });
      }),
    ).rejects.toBe(failure);
    expect(inner).toMatchObject({ status: "failed" });
    // Observed inside: not the outer one's matter any more.
    await policy.guarantee(async () => {
      await policy
        .guarantee(() => {
          memory.memorize(failing("a", failure));
        })
        .catch(() => "handled");
    });
    await policy.close();
  });

  it("fails close when nobody observed the guarantee itself", async () => {
    const failure = unavailable();
    policy.guarantee(() => {
      policy.central.memory.memorize(failing("a", failure));
    });
    for (let i = 0; i < 5; i++) await turn();
    await expect(policy.close()).rejects.toHaveProperty("cause", failure);
  });

  it("covers other policies too, and late work belongs to nobody's guarantee", async () => {
    const other = new Policy({ alphaPool: new TestPool() });
    const failure = unavailable();
    const entry = failing("late", failure);
    let go = (): void => undefined;
    let late: Promise<unknown> | undefined;
    await policy.guarantee(() => {
      other.central.memory.memorize(constant(1));
      const gate = new Promise<void>((resolve) => {
        go = resolve;
      });
      late = gate.then(() => {
        policy.central.memory.memorize(entry);
      });
    });
    expect(other.central.memory.bank.size).toBe(0);
    go();
    await late;
    await expect(policy.close()).rejects.toHaveProperty("cause", failure);
  });

  it("warns once of what starts after it ended, and treats it as started outside", async () => {
    const { memory } = policy.central;
    const warnings: string[] = [];
    const onWarning = (warning: Error & { readonly code?: string }): void => {
      if (warning.code === "LAILA_LATE_OPERATION") warnings.push(warning.message);
    };
    process.on("warning", onWarning);
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const late: Promise<unknown>[] = [];
    const entries = [constant(1), constant(2), failing("late", unavailable("too late"))];
    const careless = async (entry: Entry): Promise<void> => {
      await gate;
      memory.memorize(entry);
    };
    await policy.guarantee(() => {
      for (const entry of entries) late.push(careless(entry));
    });
    expect(alpha.values.size).toBe(0);
    await memory.memorize(constant("outside"));
    await policy.guarantee(() => memory.memorize(constant("inside")));
    await turn();
    expect(warnings).toEqual([]);
    go();
    await Promise.all(late);
    await turn();
    process.off("warning", onWarning);
    expect(warnings).toEqual([expect.stringContaining("is not covered")]);
    await expect(policy.close()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/nobody awaited.*too late/),
    });
    expect(alpha.values.size).toBe(4);
  });

  it("does not warn of late work that a guarantee around it covers", async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: Error & { readonly code?: string }): void => {
      if (warning.code === "LAILA_LATE_OPERATION") warnings.push(warning);
    };
    process.on("warning", onWarning);
    await policy.guarantee(async () => {
      let late = Promise.resolve();
      let go = (): void => undefined;
      await policy.guarantee(() => {
        late = new Promise<void>((resolve) => {
          go = resolve;
        }).then(() => {
          policy.central.memory.memorize(constant(1));
        });
      });
      go();
      await late;
    });
    await turn();
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
    expect(alpha.values.size).toBe(1);
  });

  it("obeys its signal also while its function awaits what never settles", async () => {
    const never = new Promise<never>(() => undefined);
    alpha.hold();
    const controller = new AbortController();
    const started: Future<unknown>[] = [];
    const guarantee = policy.guarantee(
      async () => {
        started.push(policy.central.memory.memorize(constant(1)));
        await never;
      },
      { signal: controller.signal },
    );
    await turn();
    controller.abort(new Error("enough"));
    await expect(guarantee).rejects.toMatchObject({
      code: "ABORTED",
      cause: { message: "enough" },
    });
    expect(guarantee.status).toBe("cancelled");
    expect(started.map(({ status }) => status)).toEqual(["cancelled"]);
    await expect(
      policy.guarantee(() => never, { signal: AbortSignal.timeout(1) }),
    ).rejects.toMatchObject({ code: "TIMEOUT" });
    await policy.close();
  });

  it("is cancelled by its signal, with what was started in it", async () => {
    const { memory } = policy.central;
    alpha.hold();
    const controller = new AbortController();
    const guarantee = policy.guarantee(
      async () => {
        memory.memorize(constant(1));
        await memory.memorize(constant(2));
      },
      { signal: controller.signal },
    );
    await turn();
    controller.abort(new Error("enough"));
    await expect(guarantee).rejects.toMatchObject({
      code: "ABORTED",
      cause: { message: "enough" },
    });
    expect(memory.bank.size).toBe(0);
    let ran = false;
    const never = policy.guarantee(
      () => {
        ran = true;
      },
      { signal: controller.signal },
    );
    await expect(never).rejects.toMatchObject({ code: "ABORTED" });
    expect(ran).toBe(false);
    await policy.close();
  });

  it("fails when a write inside it was aborted by a signal of the function's own", async () => {
    alpha.hold();
    const guarantee = policy.guarantee(() => {
      policy.central.memory.memorize(constant(1), { signal: AbortSignal.timeout(1) });
    });
    await expect(guarantee).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("does not wait for itself when the policy is closed inside", async () => {
    const { memory } = policy.central;
    await policy.guarantee(async () => {
      memory.memorize(constant(1));
      await policy.close();
    });
    expect(alpha.values.size).toBe(1);
    await expect(memory.memorize(constant(2))).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("guarantee()", () => {
  it("tracks what is started with its methods", async () => {
    const release = alpha.hold();
    const guarantee = policy.guarantee();
    const entry = constant({ a: 1 }, { nickname: "x" });
    const future = guarantee.memorize(entry);
    guarantee.memorize([constant(1), constant(2)]);
    let closed = false;
    const closing = guarantee[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    await turn();
    expect([closed, future.status]).toEqual([false, "pending"]);
    release();
    await closing;
    expect(alpha.values.size).toBe(3);
    const again = policy.guarantee();
    const found = again.remember(entry);
    again.forget(entry);
    again.run(() => new Manifest(policy, {}).memorize());
    await again.close();
    expect(found.status).not.toBe("pending");
    expect(alpha.values.size).toBe(3);
    await again.close();
    expect(() => again.memorize(entry)).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  it("fails on closing with what was not observed", async () => {
    const failure = unavailable();
    const guarantee = policy.guarantee();
    guarantee.memorize(failing("a", failure));
    await guarantee.memorize(failing("b", unavailable())).catch(() => "handled");
    await expect(guarantee.close()).rejects.toBe(failure);
    await policy.close();
  });

  it("is told of by the policy's close when it is never closed itself", async () => {
    const failure = unavailable();
    const guarantee = policy.guarantee();
    guarantee.memorize(failing("a", failure));
    for (let i = 0; i < 5; i++) await turn();
    await expect(policy.close()).rejects.toHaveProperty("cause", failure);
  });

  it("inside guarantee(fn) is waited for by that one", async () => {
    const { memory } = policy.central;
    await policy.guarantee(() => {
      policy.guarantee().memorize(constant(1));
    });
    expect(alpha.values.size).toBe(1);
    expect(memory.bank.size).toBe(0);
  });
});
