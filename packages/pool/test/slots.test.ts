import { Slots } from "@laila/pool";
import { expect, it } from "vitest";

it("lets as many run as its count says, also when that changes", async () => {
  const slots = new Slots(2);
  const ends: (() => void)[] = [];
  const begun = () => new Promise(setImmediate).then(() => ends.length);
  const all = Array.from({ length: 8 }, () =>
    slots.run(() => new Promise<void>((end) => ends.push(end))),
  );
  const end = (count: number) => ends.splice(0, count).forEach((one) => void one());
  expect(await begun()).toBe(2);
  slots.count = 4;
  expect(await begun()).toBe(4);
  slots.count = 1;
  end(3);
  // One is still under way, and more are not allowed.
  expect(await begun()).toBe(1);
  end(1);
  expect(await begun()).toBe(1);
  slots.count = 8;
  expect(await begun()).toBe(4);
  end(4);
  await Promise.all(all);
  expect(slots.count).toBe(8);
});
