import { type ErrorCode, isLailaError } from "@laila/schema";
import type { CommandSpec } from "./spec.js";

/** The exit codes of every command. */
const exits = { done: 0, failed: 1, usage: 2, notFound: 3, conflict: 4 } as const;

/** What is told of an error; with `--json` as `{ "error": … }`. */
export interface Failure {
  readonly code: ErrorCode | "USAGE" | "INTERNAL";
  readonly message: string;
  /** The next step: a command, or what to look at. */
  readonly next: string;
  readonly exit: number;
}

const usage: readonly ErrorCode[] = [
  "INVALID_ARGUMENT",
  "INVALID_CONFIG",
  "INVALID_ID",
  "MISSING_ARG",
];

export function failureOf(error: unknown, spec: CommandSpec): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!isLailaError(error)) {
    const next = "Run it again with NODE_DEBUG=laila for where it happened, and report it.";
    return { code: "INTERNAL", message, next, exit: exits.failed };
  }
  return { code: error.code, message, next: nextStep(error.code, spec), exit: exitOf(error) };
}

function exitOf(error: unknown): number {
  if (isLailaError(error, "NOT_FOUND", "NO_SUCH_STORE")) return exits.notFound;
  if (isLailaError(error, "CONFLICT")) return exits.conflict;
  if (isLailaError(error, ...usage)) return exits.usage;
  if (!isLailaError(error, "MULTIPLE") || !error.errors) return exits.failed;
  const all = new Set(error.errors.map(exitOf));
  return all.size === 1 ? ([...all][0] ?? exits.failed) : exits.failed;
}

function nextStep(code: ErrorCode, { path, flags }: CommandSpec): string {
  const name = path.join(" ");
  const toPool = "pool" in flags ? " [--pool POOL]" : "";
  switch (code) {
    case "NOT_FOUND":
      if (path[0] === "env" || path[0] === "doctor") return "laila env list tells what is saved.";
      if (path[0] === "manifest")
        return `laila pool ls LAILA:MANIFEST: -l${toPool} lists the manifests.`;
      return `laila pool ls -l${toPool} lists what is there.`;
    case "NO_SUCH_STORE":
      return "Make the bucket, or mend its name: laila doctor --no-probe tells how.";
    case "CONFLICT":
      if (path[0] === "env") return "laila env history shows who was first; then run it again.";
      return path[0] === "pool"
        ? "Look at what is there with laila pool get, or say how to go on: --force, or --on-conflict."
        : "Look at what is there, and take it away first if it is not wanted.";
    case "MISSING_ARG":
    case "MISSING_SECRET":
      return "laila args explain shows what was read; add the name to the secrets file, or give --secrets FILE.";
    case "MISSING_PACKAGE":
      return "Install the package in the project's folder; laila doctor prints the line.";
    case "UNTRUSTED":
      return "laila env recover --dry-run shows where secrets would go; --trust SECRET=ORIGIN or --allow-path DIR accepts it.";
    case "CORRUPT":
      return "laila pool verify finds all that is damaged; laila manifest repair brings it from another pool.";
    case "LOCKED":
      return "End the process that holds it, then run it again.";
    case "UNSUPPORTED":
      return name.startsWith("env ")
        ? "Save in another pool, or accept the risk with --unsafe."
        : helpOf(name);
    case "UNSUPPORTED_VERSION":
      return "Update laila: npm install -g @laila/cli@latest";
    case "UNAVAILABLE":
    case "TIMEOUT":
    case "ACCESS_DENIED":
    case "CREDENTIALS_EXPIRED":
    case "WRONG_REGION":
    case "CLOCK_SKEW":
    case "NO_SPACE":
      return "laila doctor looks what is wrong, and prints what mends it.";
    case "ABORTED":
      return "What is done stays done: run it again to go on.";
    default:
      return helpOf(name);
  }
}

function helpOf(name: string): string {
  return `laila ${name} --help`;
}
