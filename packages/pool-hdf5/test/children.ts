import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import type { ChildTask } from "./child.js";

const entry = fileURLToPath(new URL("../node_modules/.laila-test-child.js", import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

/** A real process that works on a pool, and what it says. */
export class Child {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #reader: Interface;
  #errors = "";

  constructor(task: ChildTask) {
    this.#process = spawn(process.execPath, [entry, JSON.stringify(task)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(this.#process);
    if (!this.#process.stdout || !this.#process.stderr) throw new Error("no pipes");
    this.#process.stderr.on("data", (data: Buffer) => {
      this.#errors += data.toString();
    });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#reader.on("line", (line) => this.lines.push(line));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves when it has said a line that begins so. */
  async says(start: string): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => line.startsWith(start));
      if (found) return found;
      const ended = this.#process.exitCode !== null || this.#process.signalCode !== null;
      if (ended) throw new Error(`The child ended without saying ${start}: ${this.#errors}`);
      await Promise.race([once(this.#reader, "line"), once(this.#process, "close")]);
    }
  }

  /** Kills it as nothing can prevent, and reads what it has said until then. */
  async kill(): Promise<void> {
    const closed = once(this.#process, "close");
    this.#process.kill("SIGKILL");
    await closed;
    running.delete(this.#process);
  }

  /** Waits for its end: exit code and what it wrote to stderr. */
  async end(): Promise<{ code: number | null; errors: string }> {
    this.#process.stdin?.end();
    if (this.#process.exitCode === null) await once(this.#process, "close");
    running.delete(this.#process);
    return { code: this.#process.exitCode, errors: this.#errors };
  }
}
