import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fail, settles } from "./assertions.js";
import type { DurabilityReport, DurabilityTask } from "./durability-protocol.js";

/** How the suite starts a program that runs `runDurabilityChild`. */
export type ChildOption =
  | { readonly command: string; readonly args?: readonly string[] }
  | (() => ChildProcess);

/** A durability child at work; what it says goes to `listen` as it comes. */
export class Killable {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #ended = false;
  #unread = "";
  #errors = "";
  #failure: string | undefined;
  #wake: () => void = () => undefined;

  constructor(
    child: ChildOption,
    task: DurabilityTask,
    listen: (report: DurabilityReport) => void,
  ) {
    this.#process = start(child);
    const { stdin, stdout, stderr } = this.#process;
    if (!stdin || !stdout)
      fail("The suite's child needs pipes for standard input and output: stdio: 'pipe'.");
    this.#closed = once(this.#process, "close").then(
      () => {
        this.#ended = true;
        this.#wake();
      },
      (error: unknown) => {
        this.#ended = true;
        this.#errors += String(error);
        this.#wake();
      },
    );
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#unread + text).split("\n");
      // A kill may cut the last line.
      this.#unread = lines.pop() ?? "";
      for (const line of lines) this.#hear(line, listen);
      this.#wake();
    });
    // Whoever is killed reads no more; that it ended early is told by `until`.
    stdin.on("error", () => undefined);
    stdin.write(`${JSON.stringify(task)}\n`);
  }

  /** Waits for what the child says; fails when it says that it failed, or ends. */
  async until(holds: () => boolean, what: string): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined)
        fail(`${what}: something failed in the child: ${this.#failure}`);
      if (holds()) return;
      if (this.#ended)
        fail(`${what}: the child ended by itself. ${this.#errors.trim() || "It said nothing."}`);
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await settles(woken, `${what}: the child`, 60);
    }
  }

  /** As nothing can prevent. Resolves when all that it has said until then is heard. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#closed;
    if (this.#failure !== undefined) fail(`Something failed in the child: ${this.#failure}`);
  }

  #hear(line: string, listen: (report: DurabilityReport) => void): void {
    if (!line.startsWith("{")) {
      this.#failure ??= `it said ${JSON.stringify(line.slice(0, 200))}, which is no report`;
      return;
    }
    const report = JSON.parse(line) as DurabilityReport;
    if (report.event === "failed") this.#failure ??= report.message;
    else listen(report);
  }
}

function start(child: ChildOption): ChildProcess {
  if (typeof child === "function") return child();
  return spawn(child.command, child.args ?? [], { stdio: "pipe" });
}
