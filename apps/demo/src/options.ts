import { parseArgs } from "node:util";

const help = `npm run demo                          starts the page, on an S3 server of our own, and prints its address
npm run demo -- --terminal            the story in the terminal, told by two processes
npm run demo -- --json                the same as one JSON object with the facts

  --endpoint URL    on any S3 server (AWS_ENDPOINT says it too); with AWS_BUCKET_NAME and no endpoint,
                    on AWS itself
  --port N          of the page; a free one unless given
  --host NAME       where the page listens; this machine only (127.0.0.1) unless given
  --folder DIR      where the set-up's files lie, a folder of its own; unless given, a temporary one that is
                    removed at the end
  --pools N         so many further pools, to see a larger picture
  --entries N       so many small entries in a pool of their own

On an S3 of yours, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_BUCKET_NAME, AWS_REGION (and
AWS_SESSION_TOKEN) say the rest; what the demo writes lies below a prefix of its own.`;

export interface Flags {
  readonly mode: "web" | "terminal" | "json";
  readonly endpoint: string | undefined;
  /** 0: a free one. */
  readonly port: number;
  readonly host: string;
  readonly folder: string | undefined;
  readonly pools: number;
  readonly entries: number;
}

/** The flags; `--help` is answered here, and wrong ones too. */
export function readFlags(args: readonly string[]): Flags {
  try {
    return flagsOf(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exit(2);
  }
}

function flagsOf(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      terminal: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      endpoint: { type: "string" },
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      folder: { type: "string" },
      pools: { type: "string", default: "0" },
      entries: { type: "string", default: "0" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  return {
    mode: values.json ? "json" : values.terminal ? "terminal" : "web",
    endpoint: values.endpoint ?? process.env.AWS_ENDPOINT,
    port: whole("--port", values.port, 65_535),
    host: values.host,
    folder: values.folder,
    pools: whole("--pools", values.pools, 1_000),
    entries: whole("--entries", values.entries, 1_000_000),
  };
}

function whole(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new Error(`${flag} takes a whole number from 0 to ${most}.`);
}
