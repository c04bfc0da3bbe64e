/** What a flag is: `text` and `texts` (may be repeated) have a value, a `switch` has none. */
export interface FlagSpec {
  readonly type: "text" | "texts" | "switch";
  /** What its value is called in the help. */
  readonly value?: string;
  readonly short?: string;
  readonly about: string;
}

/** A command line that works as it stands, in the folder of a project. */
export interface Example {
  readonly line: string;
  readonly about: string;
}

/** One command, as the help, the parser and the completion know it. Its code is loaded when it is run. */
export interface CommandSpec {
  readonly path: readonly string[];
  readonly about: string;
  /** What stands behind its name: `NAME`, `[NAME]`, `KEY...`. */
  readonly operands: string;
  readonly least: number;
  readonly most: number;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  readonly examples: readonly Example[];
  /** The shape of what `--json` prints. */
  readonly json: string;
  readonly load: () => Promise<Command>;
}

export type Command = (context: Context) => Promise<Result>;

/** What a command is run with. */
export interface Context {
  readonly spec: CommandSpec;
  readonly given: Given;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly color: boolean;
  /** Talk: a line on stderr. */
  readonly say: (text: string) => void;
  /** A line that is drawn over and over, while a person watches; nothing otherwise. */
  readonly progress: (text: string) => void;
  readonly stdin: () => Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

/** What a command came to: one of `text` and `bytes` goes to stdout, or `json` where that was asked for. */
export interface Result {
  readonly json: unknown;
  readonly text?: string | undefined;
  readonly bytes?: Uint8Array | undefined;
  /** Why the exit code is 1 although the command did its work, with the next step. */
  readonly failed?: string | undefined;
}

/** The operands and flags of one call. */
export class Given {
  readonly operands: readonly string[];
  readonly #flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

  constructor(
    operands: readonly string[],
    flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>,
  ) {
    this.operands = operands;
    this.#flags = flags;
  }

  text(name: string): string | undefined {
    const value = this.#flags[name];
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#flags[name];
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }

  on(name: string): boolean {
    return this.#flags[name] === true;
  }
}

/** The flags of every command. */
export const everywhere = {
  json: { type: "switch", about: "One JSON value on stdout; errors as JSON on stderr" },
  help: { type: "switch", short: "h", about: "This text" },
} as const satisfies Record<string, FlagSpec>;

/** The flags that say which project or bucket is meant. */
export const where = {
  config: {
    type: "text",
    value: "FILE",
    about: "The project (default: laila.config.ts, .js or .json here or above)",
  },
  secrets: { type: "texts", value: "FILE", about: "A .toml, .json or .env file with credentials" },
  bucket: { type: "text", value: "NAME", about: "A bucket, instead of the project's pools" },
  endpoint: { type: "text", value: "URL", about: "Another S3 server than AWS" },
  region: { type: "text", value: "NAME", about: "The bucket's region" },
  prefix: { type: "text", value: "PATH", about: "Only what lies below it in the bucket" },
} as const satisfies Record<string, FlagSpec>;

/** Which pool of the project. */
export const pool = {
  pool: { type: "text", value: "POOL", about: "A pool of the project (default: its store)" },
} as const satisfies Record<string, FlagSpec>;
