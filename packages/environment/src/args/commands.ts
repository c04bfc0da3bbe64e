import { runCommand } from "../secrets/command.js";
import { isSecretCommand } from "../secrets/resolvers.js";
import type { ArgTree } from "./args.js";

/** A tree in which every command is what it printed, and the programs by dotted name. */
export async function runCommands(
  tree: ArgTree,
  options: { readonly directory: string; readonly signal: AbortSignal | undefined },
): Promise<{ readonly tree: ArgTree; readonly programs: ReadonlyMap<string, string> }> {
  const programs = new Map<string, string>();
  const walk = async (from: ArgTree, path: readonly string[]): Promise<ArgTree> => {
    const out: [string, unknown][] = [];
    for (const [name, value] of Object.entries(from)) {
      const at = [...path, name];
      if (isSecretCommand(value)) {
        const [program = ""] = value.command;
        programs.set(at.join("."), program);
        // One after the other: two that ask a person for a passphrase would ask at once.
        out.push([name, await runCommand(value.command, { ...options, what: at.join(".") })]);
      } else if (typeof value === "object" && value !== null && !Array.isArray(value))
        out.push([name, isPlain(value) ? await walk(value as ArgTree, at) : value]);
      else out.push([name, value]);
    }
    // Defined, not assigned: a name that is not allowed is refused later, as one.
    return Object.fromEntries(out);
  };
  return { tree: await walk(tree, []), programs };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
