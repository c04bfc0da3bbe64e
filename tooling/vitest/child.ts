import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { afterEach } from "vitest";

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

/** A real process that is told its task, and what it says; killed at the end of a test, if it is still there. */
export class TestChild {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #reader: Interface;
  #errors = "";

  /**
   * `entry` is a program that Node can run as it is; it gets `task` as JSON. `shell` is a command of the shell that
   * runs before, in the same process: `ulimit -f 64`.
   */
  constructor(entry: string, task: object, { shell }: { readonly shell?: string } = {}) {
    const args = [entry, JSON.stringify(task)];
    const [command, ...rest] = shell
      ? ["/bin/sh", "-c", `${shell} && exec "$0" "$@"`, process.execPath, ...args]
      : [process.execPath, ...args];
    this.#process = spawn(command ?? "", rest, { stdio: ["pipe", "pipe", "pipe"] });
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

  get errors(): string {
    return this.#errors;
  }

  /** How many lines it has said that begin so. */
  count(start: string): number {
    return this.lines.filter((line) => line.startsWith(start)).length;
  }

  /** Resolves when it has said so many lines that begin so; gives the last of them. */
  async says(start: string, times = 1): Promise<string> {
    for (;;) {
      const found = this.lines.filter((line) => line.startsWith(start));
      if (found.length >= times) return found[times - 1] ?? "";
      const ended = this.#process.exitCode !== null || this.#process.signalCode !== null;
      if (ended) throw new Error(`The child ended without saying ${start}: ${this.#errors}`);
      await Promise.race([once(this.#reader, "line"), once(this.#process, "close")]);
    }
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
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
