/**
 * What the layers above the bytes (core) and a backend (its name) cost, side by side with others in one run, on
 * the built packages:
 *
 *     node tooling/bench/bin/bench.mjs SUITE [--quick] [--json] [--cpu] [--rounds=N] [SECTION…]
 *
 * `--endpoint`: the S3 server that `s3` uses instead of this repository's own.
 * `--cpu` counts what the processes compute (all their threads) instead of the time that passes: on a
 * machine that is busy with other things, that is what can be compared.
 *
 * Prints tables and whether each bar is met; the exit code tells only whether it could be measured.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { barsText, sectionText } from "../src/report.mjs";
import { clock } from "../src/rounds.mjs";

/** Each is loaded when it is asked for: it brings its rivals along. */
const suites = {
  core: () => import("../src/core.mjs"),
  s3: () => import("../src/s3/suite.mjs"),
  hdf5: () => import("../src/hdf5/suite.mjs"),
};

/** @param {string | undefined} name @returns {Promise<import("../src/types.js").Suite>} */
const suiteOf = async (name = "") => {
  if (!Object.hasOwn(suites, name)) return {};
  return (await suites[/** @type {keyof typeof suites} */ (name)]()).sections;
};

const main = async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      cpu: { type: "boolean", default: false },
      rounds: { type: "string" },
      endpoint: { type: "string" },
    },
  });
  const [suite, ...chosen] = positionals;
  const all = await suiteOf(suite);
  const unknown = chosen.filter((name) => !Object.hasOwn(all, name));
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (
    Object.keys(all).length === 0 ||
    unknown.length > 0 ||
    !Number.isSafeInteger(rounds) ||
    rounds < 1
  ) {
    const known = Object.keys(all).join("|") || "SECTION";
    console.error(
      `usage: bench ${Object.keys(suites).join("|")} [--quick] [--json] [--cpu] [--rounds=N] [--endpoint=URL] [${known}]…`,
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
    const { quick, endpoint } = values;
    const found = [await measure({ quick, rounds, endpoint })].flat();
    sections.push(...found);
    if (!values.json) for (const section of found) console.log(sectionText(section));
  }
  machine.load.push(load());
  if (values.json) console.log(JSON.stringify({ machine, sections }, undefined, 2));
  else console.log(`${barsText(sections)}\n${JSON.stringify(machine)}`);
  return 0;
};

process.exitCode = await main();
