import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { HDF5Pool } from "@laila/pool-hdf5";
import { expect, it, onTestFinished, vi } from "vitest";
import { files } from "../src/files.js";
import { afterKill, afterPowerCut, type Image, type Mercy, materialize } from "./crashed-disk.js";
import { DiskLog, type DiskOp } from "./disk-log.js";
import { check, follow, type Model, numbered } from "./model.js";
import { randomOf } from "./random.js";
import { fastDirectory } from "./rooms.js";
import { thorough } from "./thorough.js";

vi.mock("../src/worker-client.js", () => import("./inline-worker.js"));

type Random = (below: number) => number;

/** Three writers at once, whose values, overwrites and deletes go through several checkpoints; closed once and opened again. */
async function workload(file: string, log: DiskLog): Promise<void> {
  for (const session of [1, 2]) {
    const pool = new HDF5Pool({ filePath: file, checkpointBytes: 6000 });
    const writer = async (name: number): Promise<void> => {
      const random = randomOf(session * 10 + name);
      for (let i = 0; i < 30; i++) {
        const key = `${name} ${random(6)}`;
        if (random(4) === 0) {
          log.tell(`intend ${key}|gone`);
          await pool.delete(key);
          log.tell(`done ${key}|gone`);
        } else {
          const number = session * 1000 + name * 100 + i;
          const length = random(12) === 0 ? 70_000 : random(600);
          log.tell(`intend ${key}|${number}`);
          await pool.write(key, numbered(number, length));
          log.tell(`done ${key}|${number}`);
        }
      }
    };
    await Promise.all([0, 1, 2].map(writer));
    await pool.close();
  }
}

const everything: Mercy = { keepsName: () => true, keepsWrite: () => "all" };
const nothing: Mercy = { keepsName: () => false, keepsWrite: () => "none" };

function chance(random: Random): Mercy {
  return {
    keepsName: () => random(2) === 0,
    keepsWrite: (bytes) => {
      const choice = random(5);
      if (choice === 0) return "all";
      if (choice === 1) return "none";
      if (choice === 2) return "zeros";
      if (choice === 3) return { front: random(bytes.length + 1) };
      return () => random(2) === 0;
    },
  };
}

/** All but the last write is there, and of that one only the front. */
function torn(front: (length: number) => number, ops: readonly DiskOp[]): Mercy {
  const last = ops.at(-1);
  return {
    keepsName: () => true,
    keepsWrite: (bytes) =>
      last?.op === "write" && last.bytes === bytes ? { front: front(bytes.length) } : "all",
  };
}

const blank: Image = { names: new Map(), files: new Map() };

class Trial {
  readonly #scratch: string;
  readonly #seen = new Set<string>();
  opened = 0;

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** Opens what the disk holds and compares it with what was told. */
  async open(image: Image, told: Model, where: string, close: boolean): Promise<void> {
    if (this.#isKnown(image, told)) return;
    this.opened++;
    const directory = await mkdtemp(join(this.#scratch, "image-"));
    materialize(image, directory);
    const filePath = join(directory, "pool.h5");
    const model = new Map([...told].map(([key, states]) => [key, new Set(states)]));
    const pool = new HDF5Pool({ filePath, checkpointBytes: 6000 });
    await check(pool, model, where);
    expect(pool.damage, where).toEqual([]);
    if (close) {
      await pool.write("0 0", numbered(7, 5));
      follow(model, ["intend 0 0|7", "done 0 0|7"]);
      await pool.close();
      const again = new HDF5Pool({ filePath });
      await check(again, model, `${where}, after another close`);
      expect((await again.verify()).damage, where).toEqual([]);
      await again.close();
    } else {
      await abandon(pool);
    }
    await rm(directory, { recursive: true });
  }

  #isKnown({ names, files }: Image, told: Model): boolean {
    const parts = [...names].map(([name, file]) => {
      const { bytes, modified } = files.get(file) ?? {};
      const content = /\.(tmp-\d+|lock.*)$/.test(name) ? "" : (bytes?.toString("latin1") ?? "");
      return `${name}\0${modified}\0${content}`;
    });
    const states = [...told].map(([key, values]) => `${key}\0${[...values].join()}`);
    const print = [...parts, ...states].join("\n");
    const known = this.#seen.has(print);
    this.#seen.add(print);
    return known;
  }
}

/** Lets go of the files without a checkpoint, as if there were no room for one: that would take longer than all else. */
async function abandon(pool: HDF5Pool): Promise<void> {
  const full = vi.spyOn(files, "statfs").mockRejectedValue(new Error("no checkpoint"));
  await pool.close().catch(() => undefined);
  full.mockRestore();
}

it("opens with everything that was acknowledged, wherever the machine or the process stopped", async () => {
  const scratch = await realpath(await mkdtemp(join(fastDirectory(), "laila-hdf5-points-")));
  onTestFinished(() => rm(scratch, { recursive: true }));
  const directory = join(scratch, "recorded");
  await mkdir(directory);
  const log = new DiskLog(directory);
  try {
    await workload(join(directory, "pool.h5"), log);
  } finally {
    log.stop();
  }
  const { ops } = log;
  const renames = ops.filter((op) => op.op === "rename" && op.to === "pool.h5").length;
  expect(renames, "checkpoints").toBeGreaterThan(4);

  const random = randomOf(11);
  const trial = new Trial(scratch);
  const model: Model = new Map();
  const points: { image: Image; told: Model }[] = [];
  let inSnapshot = 0;
  for (let end = 0; end <= ops.length; end++) {
    const last = ops[end - 1];
    if (last?.op === "told") follow(model, [last.line]);
    // The library's own writes are to a file that counts only once it is whole: a part of them is enough.
    if (last?.op === "write" && isSnapshot(ops, last.file)) {
      inSnapshot++;
      if (inSnapshot % (thorough ? 10 : 100) !== 0) continue;
    }
    const prefix = ops.slice(0, end);
    const where = `after ${end} of ${ops.length} operations`;
    const close = random(thorough ? 10 : 40) === 0;
    const sample = thorough || random(4) === 0;
    const mercies: [string, Mercy][] = [["power, nothing else", nothing]];
    for (let i = 0; i < (thorough ? 8 : 1); i++)
      mercies.push([`power, by chance ${i}`, chance(random)]);
    if (last?.op === "write") {
      mercies.push(["torn", torn((length) => random(length), prefix)]);
      mercies.push(["torn by a byte", torn((length) => length - 1, prefix)]);
      mercies.push(["torn to a byte", torn(() => 1, prefix)]);
    }
    const killed = afterKill(blank, prefix);
    await trial.open(killed, model, `killed ${where}`, close);
    if (random(thorough ? 20 : 60) === 0) points.push({ image: killed, told: copy(model) });
    if (!sample) continue;
    for (const [name, mercy] of mercies) {
      const image = afterPowerCut(blank, prefix, mercy);
      await trial.open(image, model, `${name} ${where}`, close);
      if (random(thorough ? 40 : 200) === 0) points.push({ image, told: copy(model) });
    }
  }
  expect(afterPowerCut(blank, ops, everything).names).toEqual(afterKill(blank, ops).names);

  // And the recovery itself is interrupted, at each of its own operations.
  let recoveries = 0;
  for (const [i, { image, told }] of points.entries()) {
    const room = join(scratch, `recovery ${i}`);
    await mkdir(room);
    materialize(image, room);
    const start = renumbered(image);
    const recovering = new DiskLog(room);
    try {
      const pool = new HDF5Pool({ filePath: join(room, "pool.h5"), checkpointBytes: 6000 });
      await pool.open();
      await pool.close();
    } finally {
      recovering.stop();
    }
    const steps = recovering.ops;
    for (let end = 1; end <= steps.length; end++) {
      const last = steps[end - 1];
      if (last?.op === "write" && isSnapshot(steps, last.file) && random(30) > 0) continue;
      recoveries++;
      const prefix = steps.slice(0, end);
      const where = `recovery ${i}, after ${end} of ${steps.length} operations`;
      await trial.open(afterKill(start, prefix), told, `${where}, killed`, false);
      const image = afterPowerCut(start, prefix, random(2) ? nothing : chance(random));
      await trial.open(image, told, `${where}, power`, false);
    }
    await rm(room, { recursive: true });
  }
  console.log(
    `crash points: ${ops.length} operations, ${renames} checkpoints, ${trial.opened} disks opened, among them ${recoveries} operations of ${points.length} recoveries`,
  );
}, 3_600_000);

/** Whether a file is a snapshot that is being written. */
function isSnapshot(ops: readonly DiskOp[], file: number): boolean {
  return ops.some((op) => op.op === "create" && op.file === file && /\.tmp-\d+$/.test(op.name));
}

function copy(model: Model): Model {
  return new Map([...model].map(([key, states]) => [key, new Set(states)]));
}

/** As a log numbers files that it finds: by name. */
function renumbered({ names, files }: Image): Image {
  const kept = [...names]
    .filter(([name]) => !name.includes(".lock"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    names: new Map(kept.map(([name], i) => [name, i + 1])),
    files: new Map(
      kept.map(([, file], i) => {
        const state = files.get(file) ?? { bytes: Buffer.alloc(0), modified: undefined };
        return [i + 1, state] as const;
      }),
    ),
  };
}
