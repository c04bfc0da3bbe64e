import { once } from "node:events";
import type { Failure } from "../api.js";
import { startChild } from "../child.js";
import { failureOf, ToldFailure } from "../failure.js";

type Report<Facts> = { readonly facts: Facts } | { readonly failure: Failure };

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

interface Half {
  readonly folder: string;
  readonly quiet: boolean;
  /** Ends the process. */
  readonly signal: AbortSignal;
  readonly args?: readonly string[];
}

/** In the parent: runs one half in a process of its own. Throws what the half reports as its failure. */
export async function runHalf<Facts>(
  half: "first" | "second",
  { folder, quiet, signal, args = [] }: Half,
): Promise<Facts> {
  signal.throwIfAborted();
  const stdout = quiet ? "ignore" : "inherit";
  const child = startChild(half, { folder, args, stdio: ["ignore", stdout, "inherit", "ipc"] });
  let report: Report<Facts> | undefined;
  child.on("message", (message) => {
    report = message as Report<Facts>;
  });
  const stop = (): boolean => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  const [code] = await once(child, "exit");
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (report === undefined)
    throw new Error(`The ${half} process ended with exit code ${code} and told nothing.`);
  if ("failure" in report) throw new ToldFailure(report.failure);
  return report.facts;
}
