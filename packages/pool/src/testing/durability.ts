import { setTimeout as wait } from "node:timers/promises";
import { Secret } from "@laila/schema";
import type { PoolLike } from "../contract.js";
import { check, equal, equalBytes, fail } from "./assertions.js";
import { increment } from "./conditions.js";
import { randomOf } from "./durability-child.js";
import type { DurabilityTask } from "./durability-protocol.js";
import { Killable } from "./killable.js";
import { Ledger } from "./ledger.js";
import { numbered, numberOf } from "./numbered.js";
import { configOf } from "./recapture.js";
import { utf8 } from "./samples.js";
import type { Room, Suite } from "./suite.js";

/** Fifty kills, and what they leave to open again, take longer than other tests. */
const killTimeout = 600_000;
const increments = 30;

/** A write that resolved survives the death of the process: real processes, really killed. */
export function durability(suite: Suite): void {
  if (!suite.supports.durable) return;
  const { child, rounds } = suite;
  suite.floor("durability", () => {
    if (!child) {
      suite.it("gives a child to kill, because it says that it is durable", async () => {
        fail(
          "supports.durable is true, and nothing proves it: give describePool the option child, a program of three lines that calls runDurabilityChild. The README of @laila/pool shows it.",
        );
      });
      return;
    }

    suite.it(
      `has every acknowledged write after ${rounds} kills of a writing child`,
      async (room) => {
        const first = await room.fresh();
        const ledger = new Ledger();
        await prepare(first, ledger);
        await first.close();
        const late = suite.supports.sharedBetweenProcesses;
        for (let round = 1; round <= rounds; round++) {
          const random = randomOf(round);
          let stage: "start" | "opening" | "ready" = "start";
          let done = 0;
          const running = new Killable(child, taskOf(suite, first, round), (report) => {
            if (report.event === "opening" || report.event === "ready") stage = report.event;
            else ledger.follow(report);
            if (report.event === "done") done++;
          });
          try {
            // Every tenth dies while it opens what the one before has left.
            const acknowledged = round % 10 === 0 ? 0 : 1 + random(40);
            await running.until(
              () => stage !== "start" && done >= acknowledged,
              `kill ${round}, after ${acknowledged} acknowledged writes`,
            );
            await wait(random(12));
          } finally {
            await running.kill();
          }
          // Every third is not looked at, so that the next child finds what two have left.
          if (round % 3 !== 0 || round === rounds)
            await inspectRound(room, first, ledger, round, late);
        }
        check(ledger.acknowledged > rounds, "the children wrote something before they were killed");
      },
      killTimeout,
    );

    if (suite.supports.sharedBetweenProcesses && suite.supports.conditionalWrites) {
      suite.it("holds conditions between processes: no update is lost", async ({ fresh }) => {
        const pool = await fresh();
        await pool.write("counter", utf8("0"));
        const task = { ...taskOf(suite, pool, 1), increments };
        const others = [1, 2].map(() => {
          let counted = false;
          const other = new Killable(child, task, (report) => {
            if (report.event === "counted") counted = true;
          });
          return { other, done: () => other.until(() => counted, "increments") };
        });
        try {
          for (let i = 0; i < increments; i++) await increment(pool, "counter");
          for (const { done } of others) await done();
        } finally {
          await Promise.all(others.map(({ other }) => other.kill()));
        }
        const sum = utf8(String(3 * increments));
        equalBytes((await pool.read("counter"))?.bytes, sum, "the sum of three processes' counts");
      });
    }

    if (suite.supports.sharedBetweenProcesses) {
      suite.it("reads whole values while another process writes", async ({ fresh }) => {
        const pool = await fresh();
        await pool.open();
        const keys = new Set<string>();
        let done = 0;
        const running = new Killable(child, taskOf(suite, pool, 1), (report) => {
          if (report.event === "begin") keys.add(report.key);
          if (report.event === "done") done++;
        });
        try {
          await running.until(() => done > 0, "the first write of the other process");
          let seen = 0;
          // At least once: its reports of all of them may come together.
          do {
            for (const key of keys) {
              const found = await pool.read(key);
              if (found) seen++;
              check(
                !found || numberOf(found.bytes) !== undefined,
                `${key} is torn: ${found?.bytes.byteLength} bytes that nobody wrote so`,
              );
            }
            await running.until(() => true, "the other process");
            // A pool that answers without ever waiting would starve the reports of the other process.
            await new Promise((turn) => setImmediate(turn));
          } while (done < 150);
          check(seen > 0, "this process saw values of the other");
        } finally {
          await running.kill();
        }
        await pool.write("mine", numbered(1, 100));
        equal(await pool.exists("mine"), true, "exists of a write after the other was killed");
      });
    }
  });
}

/** What stands and what is gone before the first child: nothing of it may change. */
async function prepare(pool: PoolLike, ledger: Ledger): Promise<void> {
  for (const [i, length] of [0, 100, 5000, 300_000].entries()) {
    const keep = `kept ${i}`;
    await ledger.act(keep, i, () => pool.write(keep, numbered(i, length)));
    const drop = `dropped ${i}`;
    await ledger.act(drop, i, () => pool.write(drop, numbered(i, length)));
    await ledger.act(drop, "gone", () => pool.delete(drop));
  }
}

/** Opens what a killed child has left, compares, writes in it, and closes it. */
async function inspectRound(
  room: Room,
  first: PoolLike,
  ledger: Ledger,
  round: number,
  late: boolean,
): Promise<void> {
  const pool = await room.reopen(first);
  await ledger.check(pool, `after kill ${round}`, late);
  const key = `between ${round % 4}`;
  await ledger.act(key, round, () => pool.write(key, numbered(round, 50 * round)));
  await pool.close();
}

/** The same pool for another process. */
function taskOf(suite: Suite, pool: PoolLike, round: number): DurabilityTask {
  const { layers = [] } = pool.toConfig();
  const plain = { config: configOf(suite.classOf(pool), pool), layers };
  return {
    laila_durability: 1,
    ...(JSON.parse(JSON.stringify(plain, reveal)) as Pick<DurabilityTask, "config" | "layers">),
    global_id: pool.globalId,
    seed: round,
    writers: 1 + (round % 4),
    conditions: suite.supports.conditionalWrites,
    first_number: round * 100_000,
  };
}

/** Secrets hide from JSON, and so are looked for before JSON asks them. */
function reveal(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const own = this[name];
  return Secret.is(own) ? own.reveal() : value;
}
