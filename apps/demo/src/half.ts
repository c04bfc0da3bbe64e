import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isLailaError } from "@laila/core";

/** What went wrong, as one sentence for a person and a code for a program. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

type Report<Facts> = { readonly facts: Facts } | { readonly failure: Failure };

class HalfFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof HalfFailed) return error.failure;
  if (isLailaError(error)) return { code: error.code, message: error.message };
  return { code: "FAILED", message: error instanceof Error ? error.message : String(error) };
}

/** In the child: tells its half of the story and reports its facts, or why it could not. */
export async function tellHalf<Facts>(tell: () => Promise<Facts>): Promise<void> {
  let report: Report<Facts>;
  try {
    report = { facts: await tell() };
  } catch (error) {
    report = { failure: failureOf(error) };
  }
  process.send?.(report);
  process.exitCode = "failure" in report ? 1 : 0;
}

/** In the parent: runs one half in a process of its own. Throws what the half reports as its failure. */
export async function runHalf<Facts>(
  half: "first" | "second",
  { cwd, quiet, args = [] }: { cwd: string; quiet: boolean; args?: readonly string[] },
): Promise<Facts> {
  const child = fork(new URL(`./${half}.js`, import.meta.url), args, {
    cwd,
    // Nothing of this shell's credentials: what the child knows is in secrets.toml.
    env: {
      ...pick("PATH", "NO_COLOR", "TERM", "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"),
      LAILA_HOME: join(cwd, "home"),
    },
    stdio: ["ignore", quiet ? "ignore" : "inherit", "inherit", "ipc"],
  });
  let report: Report<Facts> | undefined;
  child.on("message", (message) => {
    report = message as Report<Facts>;
  });
  const [code] = await once(child, "exit");
  if (report === undefined)
    throw new Error(`The ${half} process ended with exit code ${code} and told nothing.`);
  if ("failure" in report) throw new HalfFailed(report.failure);
  return report.facts;
}

function pick(...names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    names.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
  );
}
