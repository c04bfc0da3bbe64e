import { LailaError } from "@laila/schema";
import { type CommandOptions, runCommand } from "./command.js";

/**
 * A place where secrets may be looked up by name on a recovery. A document only names secrets: which
 * resolvers there are, and what they may be asked for, the caller alone says.
 */
export interface SecretResolver {
  /** For people: "the environment variables". */
  readonly name: string;
  /** The value; undefined where there is none by this name. What it throws ends the recovery. */
  resolve(
    name: string,
    options: { readonly signal?: AbortSignal | undefined },
  ): string | undefined | Promise<string | undefined>;
}

/**
 * Environment variables as a resolver: those that are allowed by name, and no others, whatever a document
 * asks for. The variables are passed in (`process.env`).
 */
export function variables(
  env: Readonly<Record<string, string | undefined>>,
  { allow }: { readonly allow: readonly string[] },
): SecretResolver {
  if (!Array.isArray(allow) || allow.some((name) => typeof name !== "string")) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      'variables needs the list of the variables that may be read: variables(process.env, { allow: ["AWS_SECRET_ACCESS_KEY"] }).',
    );
  }
  const allowed = new Set(allow);
  return {
    name: "the environment variables",
    resolve: (name) =>
      allowed.has(name) && Object.hasOwn(env, name) ? env[name] || undefined : undefined,
  };
}

/** A program that prints a secret, as its name and arguments. */
export interface SecretCommand {
  readonly command: readonly string[];
}

/**
 * Commands as a resolver: `commands({ DB_PASSWORD: { command: ["pass", "show", "db"] } })`. A command is run
 * only when its name is asked for, at most once, and never by a shell; see {@link runCommand}. Which command
 * belongs to which name only the caller says, never a document. INVALID_ARGUMENT.
 */
export function commands(
  byName: Readonly<Record<string, SecretCommand>>,
  options: CommandOptions = {},
): SecretResolver {
  const known = new Map(
    Object.entries(byName).map(([name, given]) => [name, checkCommand(name, given)]),
  );
  const asked = new Map<string, Promise<string>>();
  return {
    name: "the commands",
    resolve(name, { signal }) {
      const command = known.get(name);
      if (!command) return undefined;
      const before = asked.get(name);
      if (before) return before;
      const answer = runCommand(command, {
        ...options,
        what: name,
        signal: signal ?? options.signal,
      });
      asked.set(name, answer);
      // A failure is not kept: the next recovery asks again.
      answer.catch(() => asked.delete(name));
      return answer;
    },
  };
}

/** True for exactly `{ command: ["program", "argument", …] }`. */
export function isSecretCommand(value: unknown): value is SecretCommand {
  if (typeof value !== "object" || value === null || Object.keys(value).join() !== "command")
    return false;
  const { command } = value as SecretCommand;
  return (
    Array.isArray(command) &&
    command.length > 0 &&
    command.every((part) => typeof part === "string" && !part.includes("\0")) &&
    command[0] !== ""
  );
}

function checkCommand(name: string, given: unknown): readonly string[] {
  if (isSecretCommand(given)) return [...given.command];
  throw new LailaError(
    "INVALID_ARGUMENT",
    `commands: ${JSON.stringify(name)} needs a program and its arguments, such as { command: ["pass", "show", "db"] }.`,
  );
}
