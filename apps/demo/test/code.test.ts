import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { runInNewContext } from "node:vm";
import type { GlobalId } from "@laila/schema";
import { describe, expect, it } from "vitest";
import { command, literal, shownSnippet, word } from "../page/core/code.js";
import { setup } from "../page/core/live.js";
import { commandOn } from "../page/core/pools.js";
import { showRemember } from "../page/views/entries/snippets.js";
import type { Setup } from "../src/api.js";

const names = [
  "temperature",
  "two words",
  'it\'s "quoted"',
  "back\\slash",
  "$HOME ${ `id` $(id)",
  "two\nlines\r\tand a tab",
  "'\\n' and\n'\\",
  "turned \u202e around",
  "zero\u200bwidth\u2028",
  "-n",
  "--force",
  "=cat",
  "~",
  "*",
  "!!",
  "",
  "café 👩‍🚀",
];
const options = { pool: { type: "string" }, m: { type: "string", short: "m" } } as const;

describe("the code that the page shows", () => {
  it("has every text as a literal that is read as that text, with nothing that is not seen", () => {
    for (const name of names) {
      expect(runInNewContext(literal(name))).toBe(name);
      expect(literal(name)).not.toMatch(/[\p{Cc}\u200b\u2028\u202e]/u);
    }
  });

  it("has every text as one word of a shell, on one line", () => {
    for (const name of names) {
      const told = execFileSync("bash", ["-c", `printf '%s' ${word(name)}`], { encoding: "utf8" });
      expect(told).toBe(name);
      expect(word(name)).not.toMatch(/[\p{Cc}\u200b\u2028\u202e]/u);
    }
  });

  it("takes no name for a flag", () => {
    for (const name of names) {
      const line = command("pool get", [name], { pool: name, m: name });
      const told = execFileSync("bash", ["-c", `laila() { printf '%s\\0' "$@"; }; ${line}`]);
      const args = told.toString("utf8").split("\0").slice(2, -1);
      const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
      expect({ values: { ...values }, positionals }).toEqual({
        values: { pool: name, m: name },
        positionals: [name],
      });
    }
    expect(command("pool get", ["temperature"], { pool: "bucket", raw: true })).toBe(
      "laila pool get temperature --pool bucket --raw",
    );
  });

  it("names a pool as the command finds it, and is none for what only the demo can see", () => {
    const [named, unnamed, held, inMemory] = [1, 2, 3, 4].map(
      (n) => `LAILA:POOL:GLOBAL_ID:00000000-0000-4000-8000-00000000000${n}` as GlobalId,
    ) as [GlobalId, GlobalId, GlobalId, GlobalId];
    setup.value = {
      environment: {
        policy: {
          central: { memory: { pool_router: { pools: {}, pools_nicknames: { bucket: named } } } },
        },
      },
      pools: {
        [held]: { supports: { sharedBetweenProcesses: false } },
        [inMemory]: { supports: { persistent: false } },
      },
    } as unknown as Setup;
    const remember = (poolId: GlobalId) => {
      showRemember(poolId, "key", "field");
      return shownSnippet.value?.command;
    };
    expect(remember(named)).toBe("laila pool get field --pool bucket");
    expect(remember(unnamed)).toBe(`laila pool get field --pool ${unnamed}`);
    expect(remember(held)).toMatch(/^# While the set-up is down: .*\nlaila pool get field --pool /);
    expect(remember(inMemory)).toBeNull();
  });

  it("runs nothing of a pool's name, which a comment tells", () => {
    const id = "LAILA:POOL:GLOBAL_ID:00000000-0000-4000-8000-000000000001";
    setup.value = {
      environment: {
        policy: {
          central: {
            memory: { pool_router: { pools: {}, pools_nicknames: { "a\ntouch b": id } } },
          },
        },
      },
      pools: { [id]: { supports: { sharedBetweenProcesses: false }, place: "", isLocal: true } },
      traffic: { perSecond: 0 },
    } as unknown as Setup;
    expect(commandOn([id], "laila pool ls")?.split("\n")).toEqual([
      expect.stringMatching(/^# .*a touch b/),
      "laila pool ls",
    ]);
  });
});
