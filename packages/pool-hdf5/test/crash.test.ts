import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { Child } from "./children.js";
import { check, follow, type Model } from "./model.js";
import { crashImage, newFile, poolAt } from "./rooms.js";
import { thorough } from "./thorough.js";

const rounds = thorough ? 300 : 30;

it(`loses nothing that was acknowledged in ${rounds} rounds of kill -9`, async () => {
  const file = await newFile();
  const model: Model = new Map();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const child = new Child({
      do: "crash",
      filePath: file,
      seed: round + 1,
      writers: 1 + (round % 8),
      checkpointBytes: 16 * 1024,
    });
    await child.says("ready");
    // Now and then long enough for several checkpoints.
    await wait(Math.random() * (round % 5 ? 150 : 700));
    await child.kill();
    follow(model, child.lines);
    acknowledged += child.lines.filter((line) => line.startsWith("done")).length;
    // Mostly the files are left as they are, so that the next process finds an older mess.
    const pool = poolAt(round % 3 ? await crashImage(file) : file);
    await check(pool, model, `round ${round}`);
    expect(pool.damage).toEqual([]);
    await pool.close();
  }
  expect(acknowledged).toBeGreaterThan(rounds);
  if (thorough) console.log(`${rounds} rounds, ${acknowledged} acknowledged operations`);
}, 3_600_000);
