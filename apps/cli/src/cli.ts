import { parse } from "./parse.js";
import type { Context, Given, Result } from "./spec.js";

/** What the command has of its process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Out;
  readonly stderr: Out;
  readonly stdin: () => Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface Out {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(chunk: string | Uint8Array): unknown;
}

/** Runs the `laila` command with its arguments and gives its exit code: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict. */
export async function runLaila(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal;
  const parsed = parse(argv);
  switch (parsed.kind) {
    case "help": {
      const { helpOf } = await import("./help.js");
      stdout.write(`${helpOf(parsed.words)}\n`);
      return 0;
    }
    case "version": {
      const { version } = await import("./version.js");
      stdout.write(`${version}\n`);
      return 0;
    }
    case "wrong": {
      const { text: message, next } = parsed;
      if (argv.includes("--json"))
        stderr.write(`${JSON.stringify({ error: { code: "USAGE", message, next, exit: 2 } })}\n`);
      else stderr.write(`laila: ${message}\nNext: ${next}\n`);
      return 2;
    }
    case "run":
      return runCommand(parsed, terminal);
  }
}

async function runCommand(
  { spec, given }: Pick<Context, "spec" | "given">,
  terminal: Terminal,
): Promise<number> {
  const { cwd, env, stdin, signal, stdout, stderr } = terminal;
  const json = given.on("json");
  const line = new DrawnLine(stderr, json);
  const say = (text: string): void => {
    line.clear();
    stderr.write(`${plain(text)}\n`);
  };
  const color = !json && wantsColor(env, stdout);
  const progress = (text: string): void => line.draw(plain(text));
  try {
    const command = await spec.load();
    const result = await command({ spec, given, cwd, env, color, say, progress, stdin, signal });
    line.clear();
    print(result, given, stdout);
    if (result.failed === undefined) return 0;
    if (!json) say(result.failed);
    return 1;
  } catch (error) {
    line.clear();
    const { failureOf } = await import("./failure.js");
    const failure = failureOf(error, spec);
    if (json) stderr.write(`${JSON.stringify({ error: failure })}\n`);
    else say(`laila: ${failure.message}\nNext: ${failure.next}`);
    if (failure.code === "INTERNAL" && env.NODE_DEBUG === "laila" && error instanceof Error)
      say(error.stack ?? "");
    return failure.exit;
  }
}

function print({ json, text, bytes }: Result, given: Given, stdout: Out): void {
  if (given.on("json")) stdout.write(`${JSON.stringify(json, jsonValue, 2)}\n`);
  else if (bytes) stdout.write(bytes);
  else if (text !== undefined && text !== "")
    stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Errors inside of reports; what JSON has no form for becomes null. */
function jsonValue(_: string, value: unknown): unknown {
  if (value === undefined) return null;
  if (!(value instanceof Error)) return value;
  const code: unknown = "code" in value ? value.code : null;
  return { code: typeof code === "string" ? code : null, message: value.message };
}

/** Names and messages of storage must not steer a terminal; our own lines may have line feeds and tabs. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (one) => (one === "\n" || one === "\t" ? one : " "));
}

/** See no-color.org; FORCE_COLOR is for pipes into a pager. */
function wantsColor(env: Terminal["env"], { isTTY }: Out): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return env.FORCE_COLOR !== "0";
  return isTTY === true && env.TERM !== "dumb";
}

/** How often a line is drawn, in milliseconds. */
const drawEveryMs = 100;

/** Progress for a person who watches: one line, drawn over. Nothing in a pipe, a file, or beside JSON. */
class DrawnLine {
  readonly #out: Out;
  readonly #shown: boolean;
  #drawn = false;
  #last = 0;

  constructor(out: Out, json: boolean) {
    this.#out = out;
    this.#shown = out.isTTY === true && !json;
  }

  draw(text: string): void {
    const now = performance.now();
    if (!this.#shown || now - this.#last < drawEveryMs) return;
    this.#last = now;
    this.#drawn = true;
    this.#out.write(`\r\u001b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#out.write("\r\u001b[2K");
  }
}
