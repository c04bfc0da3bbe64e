import { type CommandSpec, everywhere, type FlagSpec, where } from "./spec.js";
import { commands, groups } from "./specs/index.js";

/** The help of all commands, of a group (`laila env`), or of one command. */
export function helpOf(words: readonly string[]): string {
  const spec = commands.find(
    ({ path }) => path.join(" ") === words.slice(0, path.length).join(" "),
  );
  if (spec) return commandHelp(spec);
  const group = words[0];
  return group !== undefined && Object.hasOwn(groups, group) ? groupHelp(group) : allHelp();
}

function allHelp(): string {
  const alone = commands.filter(({ path }) => path.length === 1);
  const lines = [
    "Where is my data, and how is everything wired up?",
    "",
    "Usage: laila COMMAND [flags]",
    "",
    ...Object.entries(groups).flatMap(([name, about]) => {
      const names = commands.filter(({ path }) => path[0] === name && path.length > 1);
      return [`  ${about}:`, `    ${name} ${names.map(({ path }) => path[1]).join("|")}`];
    }),
    "  Else:",
    ...columns(
      alone.map(({ path, about }) => [path.join(" "), about]),
      "    ",
    ),
    "",
    "laila COMMAND --help tells more, with examples. laila --version prints the version.",
    "Results go to stdout, talk to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict.",
  ];
  return lines.join("\n");
}

function groupHelp(group: string): string {
  const own = commands.filter(({ path }) => path[0] === group);
  return [
    `${groups[group]}.`,
    "",
    `Usage: laila ${group} COMMAND [flags]`,
    "",
    ...columns(own.map(({ path, operands, about }) => [`${path[1]} ${operands}`.trimEnd(), about])),
    "",
    `laila ${group} COMMAND --help tells more, with examples.`,
  ].join("\n");
}

function commandHelp(spec: CommandSpec): string {
  const name = `laila ${spec.path.join(" ")}`;
  const own: [string, FlagSpec][] = [];
  const places: [string, FlagSpec][] = [];
  const placeNames = "config" in spec.flags ? where : {};
  for (const [flag, about] of Object.entries(spec.flags))
    (Object.hasOwn(placeNames, flag) || flag === "pool" ? places : own).push([flag, about]);
  const rows = (flags: readonly [string, FlagSpec][]) =>
    columns(flags.map(([flag, about]) => [flagName(flag, about), about.about]));
  return [
    `${spec.about}.`,
    "",
    `Usage: ${name} ${spec.operands}${spec.operands === "" ? "" : " "}[flags]`,
    "",
    "Flags:",
    ...rows([...own, ...Object.entries(everywhere)]),
    ...(places.length === 0 ? [] : ["", "Where:", ...rows(places)]),
    "",
    "Examples:",
    ...columns(spec.examples.map(({ line, about }) => [line, `# ${about}`])),
    "",
    `--json: ${spec.json}`,
  ].join("\n");
}

function flagName(flag: string, { short, value }: FlagSpec): string {
  return `${short === undefined ? "    " : `-${short}, `}--${flag}${value === undefined ? "" : ` ${value}`}`;
}

const widest = 34;

function columns(rows: readonly (readonly [string, string])[], indent = "  "): string[] {
  const width = Math.min(widest, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`);
}
