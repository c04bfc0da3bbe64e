import { open } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { abortError, type ErrorCode, LailaError } from "@laila/schema";
import { type Args, type ArgTree, makeArgs, mergeArgs } from "./args.js";
import { runCommands } from "./commands.js";
import { parseDotenv } from "./dotenv.js";
import { parseJsonFile } from "./json.js";
import { type Parsed, SyntaxFault } from "./parsed.js";
import { warnIfReadable } from "./permissions.js";
import { parseToml } from "./toml.js";

export interface ReadArgsOptions {
  /** Arguments to add to; later values win, tables are merged. */
  readonly into?: Args | undefined;
  /** What a relative path is relative to; the working directory unless given. */
  readonly directory?: string | undefined;
  /**
   * Runs the commands that a file has in place of values (`NAME = { command = ["pass", "show", "x"] }`), one
   * after the other, without a shell, and takes what they print. Unless said, they are left as they are.
   */
  readonly commands?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads arguments: a `.toml`, `.json` or `.env` file (told by its name), `NAME=value` tokens (dots in the
 * name make tables, values stay strings), or a plain object. `process.env` is neither read nor changed. A
 * file with secrets that others than its owner can read is told of by a process warning
 * (LAILA_READABLE_SECRETS, with the command that mends it).
 *
 * NOT_FOUND when the file is not there; INVALID_DOCUMENT with file, line and column when it is malformed,
 * never with the text that stands there; INVALID_ARGUMENT for any other source.
 */
export async function readArgs(
  source: string | URL | readonly string[] | Readonly<Record<string, unknown>>,
  { into = makeArgs(), directory = ".", commands = false, signal }: ReadArgsOptions = {},
): Promise<Args> {
  if (signal?.aborted) throw abortError(signal, "Reading arguments");
  const file = { into, directory, commands, signal };
  if (Array.isArray(source)) readTokens(source as readonly string[], into);
  else if (source instanceof URL) await readFileInto(fileURLToPath(source), file);
  else if (typeof source === "string" && !isAssignment(source) && formatOf(source))
    await readFileInto(source, file);
  else if (typeof source === "string") readTokens([source], into);
  else if (typeof source === "object" && source !== null)
    mergeArgs(into, source as ArgTree, () => ({}));
  else throw unreadable();
  return into;
}

/** However it ends, it is no path: its value must not come to be shown as one. A file so called is `./A=b.env`. */
function isAssignment(source: string): boolean {
  return /^[^/\\]*=/.test(source);
}

type Format = (text: string) => Parsed | Promise<Parsed>;

function formatOf(file: string): Format | undefined {
  const extension = extname(file).toLowerCase();
  if (extension === ".toml") return parseToml;
  if (extension === ".json") return parseJsonFile;
  if (extension === ".env" || /^\.env(\.|$)/.test(basename(file))) return parseDotenv;
  return undefined;
}

interface FileOptions {
  readonly into: Args;
  readonly directory: string;
  readonly commands: boolean;
  readonly signal: AbortSignal | undefined;
}

async function readFileInto(
  file: string,
  { into, directory, commands, signal }: FileOptions,
): Promise<void> {
  const parse = formatOf(file);
  if (!parse) throw unreadable();
  const { text, mode } = await readText(file, directory, signal);
  let parsed: Parsed;
  try {
    parsed = await parse(text);
  } catch (error) {
    throw error instanceof SyntaxFault ? malformed(file, error) : error;
  }
  const { lines } = parsed;
  warnIfReadable(resolve(directory, file), mode, parsed.tree);
  const ran = commands ? await runCommands(parsed.tree, { directory, signal }) : undefined;
  mergeArgs(into, ran?.tree ?? parsed.tree, (path) => {
    const line = lines.of(path);
    const command = ran?.programs.get(path.join("."));
    return {
      file,
      ...(line === undefined ? {} : { line }),
      ...(command === undefined ? {} : { command }),
    };
  });
}

async function readText(
  file: string,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly text: string; readonly mode: number }> {
  const path = resolve(directory, file);
  try {
    const handle = await open(path);
    try {
      const { mode } = await handle.stat();
      const text = await handle.readFile({ encoding: "utf8", ...(signal ? { signal } : {}) });
      return { text, mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw signal?.aborted ? abortError(signal, `Reading ${file}`) : readFailure(path, error);
  }
}

/** Without a cause: a parser's own error quotes the file. */
function malformed(file: string, { line, column, reason }: SyntaxFault): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `${file}:${line}:${column} is malformed: ${reason}. Correct that line (it is not shown, for it may hold a secret).`,
    { details: { file, line, column } },
  );
}

const readFailures: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: [
    "NOT_FOUND",
    'is not there. Create it with lines such as AWS_REGION = "us-east-1", or give the path of the one you have',
  ],
  ENOTDIR: ["NOT_FOUND", "is not there: a part of its path is no directory. Correct the path"],
  EISDIR: ["INVALID_ARGUMENT", "is a directory. Give the path of a file"],
  EACCES: ["ACCESS_DENIED", "may not be read by this user. Change its owner or its mode"],
  EPERM: ["ACCESS_DENIED", "may not be read by this user. Change its owner or its mode"],
};

function readFailure(path: string, cause: unknown): LailaError {
  const reason = String((cause as NodeJS.ErrnoException).code);
  const [code, told] = readFailures[reason] ?? [
    "UNAVAILABLE",
    `could not be read (${reason}). Try again when the disk is well`,
  ];
  return new LailaError(code, `The file ${path} ${told}.`, { cause, details: { file: path } });
}

/** `NAME=value`, `--NAME=value`, `table.name=value`. */
const tokenPattern = /^(?:--)?([A-Za-z_][\w-]*(?:\.[\w:-]+)*)=(.*)$/s;

function readTokens(tokens: readonly unknown[], into: Args): void {
  const parsed = tokens.map((token) =>
    typeof token === "string" ? tokenPattern.exec(token) : null,
  );
  if (parsed.includes(null)) throw unreadable();
  for (const [, name = "", value] of parsed as RegExpExecArray[]) {
    const tree = name.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
    mergeArgs(into, tree as ArgTree, () => ({ token: name }));
  }
}

function unreadable(): LailaError {
  // What was given is not shown: it may be a secret without its name.
  return new LailaError(
    "INVALID_ARGUMENT",
    "readArgs takes the path of a .toml, .json or .env file, NAME=value tokens, or a plain object; this is none of them.",
  );
}
