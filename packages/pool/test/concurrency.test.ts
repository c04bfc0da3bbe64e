import { mapLimit } from "@laila/pool";
import { expect, it } from "vitest";
import { Gate, settled } from "./support/scripted-pool.js";

it("runs at most `limit` at a time and gives results as they come", async () => {
  const gates = [new Gate(), new Gate(), new Gate()];
  const results: number[] = [];
  const done = (async () => {
    for await (const i of mapLimit([0, 1, 2], 2, async (i) => {
      await gates[i]?.pass();
      return i;
    })) {
      results.push(i);
    }
  })();
  await settled();
  expect(gates.map((gate) => gate.entered)).toEqual([1, 1, 0]);
  gates[1]?.open();
  await settled();
  expect(gates.map((gate) => gate.entered)).toEqual([1, 1, 1]);
  gates[2]?.open();
  await settled();
  gates[0]?.open();
  await done;
  expect(results).toEqual([1, 2, 0]);
});

it("ends with the first rejection, after what is under way", async () => {
  const gate = new Gate();
  let failed = false;
  const all = (async () => {
    for await (const _ of mapLimit([0, 1, 2, 3], 2, async (i) => {
      if (i === 0) throw new Error("no");
      await gate.pass();
    }));
  })().catch((error: unknown) => {
    failed = true;
    throw error;
  });
  const outcome = expect(all).rejects.toThrow("no");
  await settled();
  expect([failed, gate.entered]).toEqual([false, 1]);
  gate.open();
  await outcome;
});

it("starts nothing more when it is left, and waits for what is under way", async () => {
  const started: number[] = [];
  let finished = 0;
  for await (const _ of mapLimit([0, 1, 2, 3, 4, 5], 3, async (i) => {
    started.push(i);
    await settled();
    finished++;
  })) {
    break;
  }
  expect(started).toEqual([0, 1, 2]);
  expect(finished).toBe(3);
});

it("gives nothing for nothing", async () => {
  for await (const _ of mapLimit([], 3, async () => 1)) expect.unreachable();
});
