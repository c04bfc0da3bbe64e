import { isLailaError } from "@laila/schema";
import type { PoolLike, Version, WriteCondition } from "../contract.js";
import { fail } from "./assertions.js";
import { fastCheck } from "./fast-check.js";
import { type Call, isLinearizable } from "./linearizability.js";
import { numbered, numberOf } from "./numbered.js";
import type { Suite } from "./suite.js";

type Act = "write" | "write if absent" | "write over" | "delete" | "read" | "exists";

interface Step {
  readonly act: Act;
  readonly name: number;
  readonly size: number;
}

/** Random clients at work at once: what each was told fits into one order of all calls, for every key. */
export function histories(suite: Suite): void {
  // Half as many as the sequential ones: each is several clients long.
  const runs = Math.ceil(suite.runs / 2);
  suite.floor("concurrent model", () => {
    suite.it(`is linearizable for each key in ${runs} random histories`, async (room) => {
      const fc = await fastCheck();
      const acts: Act[] = ["write", "write", "read", "read", "exists", "delete"];
      if (suite.supports.conditionalWrites) acts.push("write if absent", "write over");
      const step = fc.record({
        act: fc.constantFrom(...acts),
        name: fc.integer({ min: 0, max: 1 }),
        size: fc.constantFrom(0, 10, 300, 20_000),
      });
      const clients = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), {
        minLength: 2,
        maxLength: 4,
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(clients, async (programs) => {
          const history = new History(room.pool, `${room.key("history")} ${++run} `);
          await Promise.all(programs.map((program) => history.play(program)));
          history.check();
        }),
        { numRuns: runs },
      );
    });
  });
}

/** What happened to each key, seen from outside. */
class History {
  readonly #pool: PoolLike;
  readonly #prefix: string;
  readonly #calls = new Map<string, Call[]>();
  readonly #valueOf = new Map<Version, number>();
  #time = 0;
  #values = 0;

  constructor(pool: PoolLike, prefix: string) {
    this.#pool = pool;
    this.#prefix = prefix;
  }

  /** One client: its calls come one after another. */
  async play(program: readonly Step[]): Promise<void> {
    const seen = new Map<string, Version>();
    for (const { act, name, size } of program) {
      const key = this.#prefix + name;
      const version = seen.get(key);
      const wanted = act === "write over" && version === undefined ? "read" : act;
      if (wanted === "read") {
        const found = await this.#read(key);
        if (found !== undefined) seen.set(key, found);
      } else if (wanted === "exists" || wanted === "delete") {
        await this.#plain(key, wanted);
      } else {
        const written = await this.#write(key, wanted, size, version);
        if (written !== undefined) seen.set(key, written);
      }
    }
  }

  check(): void {
    for (const [key, calls] of this.#calls) {
      if (isLinearizable(calls)) continue;
      const told = calls.map((call) => JSON.stringify(call)).join("\n  ");
      fail(`No order of these calls on ${JSON.stringify(key)} explains what they gave:\n  ${told}`);
    }
  }

  async #read(key: string): Promise<Version | undefined> {
    const begun = ++this.#time;
    const found = await this.#pool.read(key);
    const ended = ++this.#time;
    const value = found && (numberOf(found.bytes) ?? fail(`a torn value under ${key}`));
    if (found?.version !== undefined && value !== undefined)
      this.#valueOf.set(found.version, value);
    this.#record(key, { begun, ended, act: { do: "read", found: value }, outcome: "done" });
    return found?.version;
  }

  async #plain(key: string, act: "exists" | "delete"): Promise<void> {
    const begun = ++this.#time;
    const found = await (act === "exists" ? this.#pool.exists(key) : this.#pool.delete(key));
    const ended = ++this.#time;
    this.#record(key, {
      begun,
      ended,
      act: act === "exists" ? { do: act, found: found === true } : { do: act },
      outcome: "done",
    });
  }

  async #write(
    key: string,
    act: "write" | "write if absent" | "write over",
    size: number,
    version: Version | undefined,
  ): Promise<Version | undefined> {
    const value = ++this.#values;
    let condition: WriteCondition | undefined;
    let expected: number | undefined;
    if (act === "write if absent") condition = { ifAbsent: true };
    if (act === "write over") {
      condition = { ifVersion: version ?? "" };
      expected = this.#valueOf.get(version ?? "");
    }
    const begun = ++this.#time;
    let written: Version | undefined;
    let outcome: Call["outcome"] = "done";
    try {
      written = await this.#pool.write(key, numbered(value, size), { condition });
    } catch (error) {
      if (!condition || !isLailaError(error, "CONFLICT")) throw error;
      outcome = error.details.outcome === "unknown" ? "unknown" : "refused";
    }
    const ended = ++this.#time;
    if (written !== undefined) this.#valueOf.set(written, value);
    const done = act === "write over" ? { do: act, value, expected } : { do: act, value };
    this.#record(key, { begun, ended, act: done, outcome });
    return written;
  }

  #record(key: string, call: Call): void {
    this.#calls.set(key, [...(this.#calls.get(key) ?? []), call]);
  }
}
