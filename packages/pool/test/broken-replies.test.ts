import { LailaError, type WriteOptions } from "@laila/pool";
import { describe, expect, it } from "vitest";
import { failures, own } from "./support/broken.js";
import { ScriptedPool } from "./support/scripted-pool.js";

const { supports } = new ScriptedPool();

/** What a pool makes of it when its storage wrote and did not answer. */
type Manner =
  | "looks what is there"
  | "says that it cannot know"
  | "gives up"
  | "says that it lost"
  | "tries again as if nothing had been"
  | "says that it is done, whatever it was";

const caught: Record<Manner, string[]> = {
  "looks what is there": [],
  "says that it cannot know": [],
  "gives up": [],
  "says that it lost": [
    "of ifAbsent: it won, or it cannot know",
    "of ifVersion: it won, or it cannot know",
  ],
  "tries again as if nothing had been": [
    "of ifAbsent: it won, or it cannot know",
    "of ifVersion: it won, or it cannot know",
  ],
  "says that it is done, whatever it was": [
    "of a write whose condition does not hold: CONFLICT all the same",
  ],
};

function poolThat(manner: Manner) {
  return class extends own() {
    loses = false;

    protected override async _write(
      key: string,
      bytes: Uint8Array,
      options: WriteOptions,
    ): Promise<string> {
      const loses = this.loses;
      this.loses = false;
      const [told] = await Promise.allSettled([super._write(key, bytes, options)]);
      if (!loses) {
        if (told.status === "rejected") throw told.reason;
        return told.value;
      }
      const there = this.values.get(key);
      const ours = there !== undefined && Buffer.compare(there.bytes, bytes) === 0;
      switch (manner) {
        case "looks what is there":
          if (ours) return there.version;
          throw conflict("unknown");
        case "says that it cannot know":
          throw conflict("unknown");
        case "gives up":
          throw new LailaError("UNAVAILABLE", "The storage gave no answer. Try again.");
        case "says that it lost":
          throw conflict("lost");
        case "tries again as if nothing had been":
          return super._write(key, bytes, options);
        case "says that it is done, whatever it was":
          return there?.version ?? "none";
      }
    }
  };
}

function conflict(outcome: "lost" | "unknown"): LailaError {
  return new LailaError("CONFLICT", "Somebody else wrote it first. Read it again.", {
    details: { outcome },
  });
}

describe("the conformance suite, where a reply is lost,", () => {
  for (const [manner, found] of Object.entries(caught)) {
    const title = found[0]
      ? `finds a pool that ${manner}, by "${found[0]}"`
      : `is content with a pool that ${manner}`;
    it(title, async () => {
      const Lossy = poolThat(manner as Manner);
      const lossy = new Set<InstanceType<typeof Lossy>>();
      const failed = await failures(
        {
          supports,
          create: () => {
            const pool = new Lossy();
            lossy.add(pool);
            return { pool };
          },
          loseReply: (pool) => {
            for (const one of lossy) if (one === pool) one.loses = true;
          },
        },
        [/^of (a write|a delete|writeMany|ifAbsent|ifVersion)/],
      );
      expect(failed).toEqual(found);
    });
  }
});
