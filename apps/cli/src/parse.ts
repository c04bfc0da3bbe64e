import { parseArgs } from "node:util";
import { type CommandSpec, everywhere, type FlagSpec, Given } from "./spec.js";
import { commands, groups } from "./specs/index.js";

/** What the words of a command line ask for. */
export type Parsed =
  | { readonly kind: "help"; readonly words: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly spec: CommandSpec; readonly given: Given }
  | { readonly kind: "wrong"; readonly text: string; readonly next: string };

export function parse(argv: readonly string[]): Parsed {
  const end = argv.indexOf("--");
  const read = end < 0 ? argv : argv.slice(0, end);
  const words = read.filter((word) => !word.startsWith("-"));
  if (read[0] === "help") return { kind: "help", words: words.slice(1) };
  const spec = commands.find(({ path }) => path.every((word, i) => argv[i] === word));
  if (read.includes("--help") || read.includes("-h")) return { kind: "help", words };
  if (read[0] === "--version") return { kind: "version" };
  return spec ? parseCommand(spec, argv.slice(spec.path.length)) : unknownCommand(words);
}

function parseCommand(spec: CommandSpec, rest: readonly string[]): Parsed {
  const name = `laila ${spec.path.join(" ")}`;
  const next = `${name} --help`;
  const flags: Readonly<Record<string, FlagSpec>> = { ...spec.flags, ...everywhere };
  const wrong = (text: string): Parsed => ({ kind: "wrong", text, next });
  const options = Object.fromEntries(
    Object.entries(flags).map(([flag, about]) => [
      flag,
      {
        type: about.type === "switch" ? ("boolean" as const) : ("string" as const),
        multiple: about.type === "texts",
        ...(about.short !== undefined ? { short: about.short } : {}),
      },
    ]),
  );
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...rest],
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    // Of two that say different things, none is certainly the one that was meant.
    const once = new Set<string>();
    for (const token of tokens) {
      if (token.kind !== "option" || flags[token.name]?.type !== "text") continue;
      if (once.has(token.name)) return wrong(`${name} takes one --${token.name}.`);
      once.add(token.name);
    }
    const empty = Object.entries(values).find(([, value]) => value === "");
    if (empty) return wrong(`--${empty[0]} is empty.`);
    if (positionals.length < spec.least) return wrong(`${name} needs ${spec.operands}.`);
    if (positionals.length > spec.most) {
      const takes = spec.operands === "" ? "no operands" : spec.operands;
      return wrong(`${name} takes ${takes}, and there is ${shown(positionals[spec.most])} beside.`);
    }
    return { kind: "run", spec, given: new Given(positionals, values as Values) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("ERR_PARSE_ARGS")) throw error;
    const flag = rest.find((word) => /^--?[^-]/.test(word) && !knows(options, word));
    if (flag === undefined || code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION")
      return wrong(firstSentence(error as Error));
    const near = nearest(
      flag.replace(/=.*/s, ""),
      Object.keys(options).map((one) => `--${one}`),
    );
    const hint = near === undefined ? "" : ` Did you mean ${near}?`;
    return wrong(`${name} has no flag ${flag.replace(/=.*/s, "")}.${hint}`);
  }
}

type Values = ConstructorParameters<typeof Given>[1];

function knows(
  options: Readonly<Record<string, { readonly short?: string }>>,
  word: string,
): boolean {
  const flag = word.replace(/=.*/s, "");
  if (flag.startsWith("--")) return Object.hasOwn(options, flag.slice(2));
  return Object.values(options).some(({ short }) => short !== undefined && short === flag[1]);
}

function firstSentence({ message }: Error): string {
  return `${message.split(". ", 1)[0]?.replace(/\.$/, "")}.`;
}

function unknownCommand(words: readonly string[]): Parsed {
  const [group, name] = words;
  if (group === undefined)
    return { kind: "wrong", text: "There is no command.", next: "laila --help" };
  if (Object.hasOwn(groups, group)) {
    const names = commands.flatMap(({ path }) => (path[0] === group ? (path[1] ?? []) : []));
    const near = name === undefined ? undefined : nearest(name, names);
    const hint = near === undefined ? `It is one of ${names.join(", ")}.` : `Did you mean ${near}?`;
    const text =
      name === undefined
        ? `laila ${group} needs a command.`
        : `laila ${group} has no command ${shown(name)}.`;
    return { kind: "wrong", text: `${text} ${hint}`, next: `laila ${group} --help` };
  }
  const names = [...new Set(commands.map(({ path }) => path[0] ?? ""))];
  const near = nearest(group, names);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  return {
    kind: "wrong",
    text: `There is no command ${shown(group)}.${hint}`,
    next: "laila --help",
  };
}

function shown(word: string | undefined): string {
  return JSON.stringify(word);
}

/** The name that a typing error away, or two, would have been. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const close = names
    .map((name) => [name, distance(word, name)] as const)
    .filter(([name, far]) => far <= Math.min(2, name.length / 2))
    .sort(([, a], [, b]) => a - b);
  return close[0]?.[0];
}

/** Levenshtein's, where two letters that changed places count as one error. */
function distance(a: string, b: string): number {
  const rows: number[][] = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1] ?? [];
      let cost = Math.min((row[j - 1] ?? 0) + 1, (above[j] ?? 0) + 1);
      cost = Math.min(cost, (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
