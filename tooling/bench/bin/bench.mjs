/**
 * What the layers above the bytes cost, side by side with others in one run, on the built packages:
 *
 *     node tooling/bench/bin/bench.mjs core [--quick] [--json] [--cpu] [--rounds=N] [SECTION…]
 *
 * `--cpu` counts what the processes compute (all their threads) instead of the time that passes: on a
 * machine that is busy with other things, that is what can be compared.
 *
 * Prints tables and whether each bar is met; the exit code tells only whether it could be measured.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { arrays } from "../src/arrays.mjs";
import { codecCosts } from "../src/codecs.mjs";
import { imports } from "../src/imports.mjs";
import { manifests } from "../src/manifests.mjs";
import { memory } from "../src/memory.mjs";
import { objects } from "../src/objects.mjs";
import { barsText, sectionText } from "../src/report.mjs";
import { clock } from "../src/rounds.mjs";
import { stored } from "../src/stored.mjs";

/** @type {Record<string, (size: import("../src/types.js").Size) => Promise<import("../src/types.js").Section>>} */
const all = { objects, arrays, codecs: codecCosts, manifests, imports, stored, memory };

const main = async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      cpu: { type: "boolean", default: false },
      rounds: { type: "string" },
    },
  });
  const [suite, ...chosen] = positionals;
  const unknown = chosen.filter((name) => !Object.hasOwn(all, name));
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (suite !== "core" || unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
    console.error(
      `usage: bench core [--quick] [--json] [--cpu] [--rounds=N] [${Object.keys(all).join("|")}]…`,
    );
    return 2;
  }
  if (values.cpu) process.env.LAILA_BENCH_CLOCK = "cpu";
  const load = () => Number(loadavg()[0]?.toFixed(1));
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    date: new Date().toISOString().slice(0, 10),
    clock: clock(),
    quick: values.quick,
    rounds,
    load: [load()],
  };
  const sections = [];
  for (const [name, measure] of Object.entries(all)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const section = await measure({ quick: values.quick, rounds });
    sections.push(section);
    if (!values.json) console.log(sectionText(section));
  }
  machine.load.push(load());
  if (values.json) console.log(JSON.stringify({ machine, sections }, undefined, 2));
  else console.log(`${barsText(sections)}\n${JSON.stringify(machine)}`);
  return 0;
};

process.exitCode = await main();
