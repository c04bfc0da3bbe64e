import { setTimeout as wait } from "node:timers/promises";
import { check, follow, type Model } from "@laila-tooling/vitest/crash-model";
import { expect, it } from "vitest";
import { Child } from "./children.js";
import { newDirectory, poolAt } from "./rooms.js";

const rounds = 20;

it(`loses nothing that was acknowledged in ${rounds} rounds of kill -9`, async () => {
  const directory = await newDirectory();
  const model: Model = new Map();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const names = ["one", "two"].slice(0, 1 + (round % 2));
    const children = names.map(
      (name, i) => new Child({ do: "write and delete", directory, name, seed: round * 2 + i + 1 }),
    );
    for (const child of children) await child.says("done");
    await wait(Math.random() * 50);
    await Promise.all(children.map((child) => child.kill()));
    for (const { lines } of children) follow(model, lines);
    acknowledged += children.reduce((sum, child) => sum + child.count("done"), 0);
    const pool = poolAt(directory);
    await check(pool, model, `round ${round}`);
    await pool.close();
  }
  expect(acknowledged).toBeGreaterThan(rounds);
});
