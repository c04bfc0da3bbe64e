import { stripVTControlCharacters } from "node:util";
import { isLailaError } from "@laila/core";
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { bucketFlags } from "./bucket.js";
import { envShow } from "./env-show.js";
import { poolLs } from "./pool-ls.js";

/** Where results (`out`) and talk (`err`) go, a line at a time. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The exit codes of every command. */
const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, conflict: 4 };

/** Runs the `laila` command with its arguments and gives its exit code. Never throws. */
export async function runLaila(args: readonly string[], output: Output): Promise<number> {
  const groups: Record<string, CommandDef> = {
    env: defineCommand({
      meta: { name: "laila env", description: "Saved environments" },
      subCommands: { show: envShow(output) },
    }),
    pool: defineCommand({
      meta: { name: "laila pool", description: "What lies in a bucket" },
      subCommands: { ls: poolLs(output) },
    }),
  };
  const laila = defineCommand({
    meta: { name: "laila", description: "Where is my data, and how is everything wired up?" },
    subCommands: groups,
  });
  try {
    if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
      output.out(stripVTControlCharacters(await renderUsage(groups[args[0] ?? ""] ?? laila)));
      return args.length === 0 ? exitCodes.usage : exitCodes.done;
    }
    refuseUnknownFlags(args);
    await runCommand(laila, { rawArgs: [...args] });
    return exitCodes.done;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    output.err(`laila: ${stripVTControlCharacters(message)}`);
    if (isLailaError(error, "NOT_FOUND", "NO_SUCH_STORE")) return exitCodes.notFound;
    if (isLailaError(error, "CONFLICT")) return exitCodes.conflict;
    if (isLailaError(error, "INVALID_ARGUMENT", "INVALID_CONFIG", "MISSING_ARG"))
      return exitCodes.usage;
    if (isLailaError(error)) return exitCodes.failed;
    output.err("Run laila --help to see the commands.");
    return exitCodes.usage;
  }
}

/** The parser takes any flag; a mistyped one must not fall back to a default bucket. */
function refuseUnknownFlags(args: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    const name = /^--?([^=]*)/.exec(arg)?.[1];
    if (name === undefined || Object.hasOwn(bucketFlags, name)) continue;
    const flags = Object.keys(bucketFlags).map((flag) => `--${flag}`);
    throw new Error(`There is no flag ${arg.split("=")[0]}. The flags are ${flags.join(", ")}.`);
  }
}
