import { LailaError } from "@laila/schema";
import { type Args, makeArgs, mergeArgs } from "./args.js";

/**
 * Takes environment variables as arguments, by name: those and no others. The variables are passed in
 * (`process.env`). MISSING_ARG with all that are not set, or are empty; nothing is taken then.
 */
export function readVariables(
  names: readonly string[],
  {
    env,
    into = makeArgs(),
  }: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly into?: Args | undefined;
  },
): Args {
  if (!Array.isArray(names) || names.some((name) => typeof name !== "string" || name === "")) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      'readVariables takes the names of variables, such as ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].',
    );
  }
  const setTo = (name: string): string | undefined =>
    Object.hasOwn(env, name) ? env[name] || undefined : undefined;
  const missing = names.filter((name) => setTo(name) === undefined);
  if (missing.length > 0) {
    throw new LailaError(
      "MISSING_ARG",
      `The environment variable${missing.length === 1 ? "" : "s"} ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set. Export ${missing.length === 1 ? "it" : "them"}, or read a file with readArgs.`,
      { details: { names: missing } },
    );
  }
  for (const name of names) mergeArgs(into, { [name]: setTo(name) }, () => ({ variable: name }));
  return into;
}
