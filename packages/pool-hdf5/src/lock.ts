import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { isLailaError, LailaError } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import { files, writeFully } from "./files.js";

/** Who holds a lock, in enough detail to know for certain that it is gone. */
export interface LockHolder {
  readonly pid: number;
  /** When the process started, in the kernel's own unit; a reused pid has another. */
  readonly startTime: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly machineId: string;
  readonly host: string;
  readonly nonce: string;
}

const heldLocks = new Set<Lock>();
/** Nonces of locks that this process does not hold any more, but could not remove. */
const abandoned = new Set<string>();
let watchesExit = false;

/** The lock of one pool file: a file beside it that names its holder. */
export class Lock {
  readonly path: string;
  readonly #nonce: string;

  private constructor(path: string, nonce: string) {
    this.path = path;
    this.#nonce = nonce;
  }

  /**
   * LOCKED while another holder lives, or may live: a lock is broken only when its process is known to be
   * gone. `force` breaks it anyway.
   */
  static async acquire(path: string, { force }: { readonly force: boolean }): Promise<Lock> {
    const nonce = crypto.randomUUID();
    const own = describeThisProcess(nonce);
    const text = `${JSON.stringify(own)}\n`;
    const lock = new Lock(path, nonce);
    try {
      for (let attempt = 0; attempt < 10; attempt++) {
        const line = await succession(path);
        const last = line.at(-1);
        if (last && !force && !isGoneFrom(last, own)) throw locked(path, parseHolder(last.text));
        if (await lock.#succeed(line, text)) {
          releaseAtExit(lock);
          return lock;
        }
      }
      const faster = (await succession(path)).at(-1);
      throw locked(path, faster && parseHolder(faster.text));
    } catch (error) {
      throw isLailaError(error) ? error : fileError(error, "Taking the lock", path);
    }
  }

  /** False when somebody else was faster. */
  async #succeed(line: readonly Claim[], text: string): Promise<boolean> {
    const last = line.at(-1);
    const slot = last ? successorOf(this.path, last.text) : this.path;
    if (!(await place(slot, text, this.#nonce))) return false;
    try {
      const now = await succession(this.path);
      // The line that was judged may have ended meanwhile, and another begun: then the slot is void.
      const valid = now.length === line.length + 1 && now[0]?.text === (line[0]?.text ?? text);
      if (valid && now.at(-1)?.text === text) {
        if (last) await this.#becomeFirst(now, text);
        return true;
      }
      await files.unlink(slot);
      return false;
    } catch (error) {
      await this.#withdraw(slot);
      throw error;
    }
  }

  /** The line becomes one of a single holder, so that it never grows. */
  async #becomeFirst(line: readonly Claim[], text: string): Promise<void> {
    const draft = await writeDraft(this.path, text, this.#nonce);
    await files.rename(draft, this.path);
    for (const { path } of line.slice(1)) await removeQuietly(path);
  }

  async #withdraw(slot: string): Promise<void> {
    for (const path of [slot, this.path]) {
      try {
        if (parseHolder((await readIfThere(path)) ?? "")?.nonce === this.#nonce) {
          await files.unlink(path);
        }
      } catch {
        // It cannot be removed now, so this process at least has to know that nobody holds it.
        abandoned.add(this.#nonce);
      }
    }
  }

  /** LOCKED when somebody took the lock away by force. */
  async check(): Promise<void> {
    let text: string | undefined;
    try {
      text = await readIfThere(this.path);
    } catch (error) {
      throw fileError(error, "Looking at the lock", this.path);
    }
    const holder = text === undefined ? undefined : parseHolder(text);
    if (holder?.nonce !== this.#nonce) throw locked(this.path, holder);
  }

  async release(): Promise<void> {
    heldLocks.delete(this);
    try {
      await this.check();
      await files.unlink(this.path);
    } catch (error) {
      // Somebody broke it by force: it is theirs now.
      if (isLailaError(error, "LOCKED")) return;
      abandoned.add(this.#nonce);
      throw isLailaError(error) ? error : fileError(error, "Releasing the lock", this.path);
    }
  }

  /** At the end of a process whose pool nobody closed; staleness would find out as well, but not everywhere. */
  releaseNow(): void {
    try {
      if (parseHolder(fs.readFileSync(this.path, "utf8"))?.nonce === this.#nonce) {
        fs.unlinkSync(this.path);
      }
    } catch {
      // The process is ending; a lock left behind is found to be stale.
    }
  }
}

function releaseAtExit(lock: Lock): void {
  heldLocks.add(lock);
  if (watchesExit) return;
  watchesExit = true;
  process.once("exit", () => {
    for (const held of heldLocks) held.releaseNow();
  });
}

/** A file that says who holds the lock, or who holds it after the one before is gone. */
interface Claim {
  readonly path: string;
  readonly text: string;
}

/**
 * Who a holder that is gone is succeeded by. Only one can create that file, and it is of no account unless the line
 * that begins with the lock leads to it: so nobody ever takes away a lock that he has not judged.
 */
function successorOf(path: string, text: string): string {
  const id = createHash("sha256").update(text).digest("hex").slice(0, 32);
  return `${path}.after-${id}`;
}

/** The lock and those that succeed each other in it; the last one holds it. */
async function succession(path: string): Promise<Claim[]> {
  const line: Claim[] = [];
  for (let next = path; ; ) {
    const text = await readIfThere(next);
    if (text === undefined) return line;
    line.push({ path: next, text });
    next = successorOf(path, text);
  }
}

function isGoneFrom({ text }: Claim, own: LockHolder): boolean {
  const holder = parseHolder(text);
  return holder !== undefined && (abandoned.has(holder.nonce) || isGone(holder, own));
}

async function writeDraft(path: string, text: string, nonce: string): Promise<string> {
  const draft = `${path}.${nonce}`;
  const fd = await files.open(draft, "w", 0o600);
  try {
    await writeFully(fd, [Buffer.from(text)], 0);
    await files.fsync(fd);
  } finally {
    await files.close(fd);
  }
  return draft;
}

/** Creates the file with its content in one step: nobody ever sees half of it. False when there is one. */
async function place(path: string, text: string, nonce: string): Promise<boolean> {
  const draft = await writeDraft(path, text, nonce);
  try {
    await files.link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? ""))
      throw error;
    return await placeWithoutLinks(path, text);
  } finally {
    await removeQuietly(draft);
  }
}

/** A file that is of no account any more; if it stays, it is litter. */
async function removeQuietly(path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    // Nothing depends on it.
  }
}

/** For file systems that have no hard links. */
async function placeWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    const fd = await files.open(path, "wx", 0o600);
    try {
      await writeFully(fd, [Buffer.from(text)], 0);
      await files.fsync(fd);
    } finally {
      await files.close(fd);
    }
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Only when it is certain: same boot and pid namespace and no such process; or same machine, another boot. */
function isGone(holder: LockHolder, own: LockHolder): boolean {
  if (holder.host !== own.host && holder.bootId === "") return false;
  if (holder.bootId !== own.bootId) {
    const known = own.machineId !== "" && own.bootId !== "" && holder.bootId !== "";
    return known && holder.machineId === own.machineId && holder.host === own.host;
  }
  if (holder.pidNamespace !== own.pidNamespace) return false;
  if (!isRunning(holder.pid)) return true;
  return holder.startTime !== "" && processState(holder.pid).startTime !== holder.startTime;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
  return !["Z", "X"].includes(processState(pid).state);
}

/** From /proc where there is one; a process that is dead but not yet reaped is "Z". */
function processState(pid: number): { state: string; startTime: string } {
  const text = readProc(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
}

function describeThisProcess(nonce: string): LockHolder {
  return {
    pid: process.pid,
    startTime: processState(process.pid).startTime,
    bootId: readProc("/proc/sys/kernel/random/boot_id").trim(),
    pidNamespace: pidNamespace(),
    machineId: (readProc("/etc/machine-id") || readProc("/var/lib/dbus/machine-id")).trim(),
    host: hostname(),
    nonce,
  };
}

function pidNamespace(): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux: there is one namespace.
    return "";
  }
}

function readProc(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    // Not there on this system; an empty answer never proves that a holder is gone.
    return "";
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await files.readText(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(text);
    const valid =
      typeof holder === "object" && holder !== null && "pid" in holder && "nonce" in holder;
    return valid ? (holder as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: LockHolder | undefined): LailaError {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : "a process that cannot be named";
  const next =
    holder?.pid === process.pid && holder.host === hostname()
      ? "That is this process: close the other pool first, or use it."
      : "Close the pool there, or use another file. If you are certain that nobody uses it any more, open it with forceUnlock: true.";
  return new LailaError("LOCKED", `The pool file is in use by ${who} (${path}). ${next}`, {
    details: { path, ...(holder ? { pid: holder.pid, host: holder.host } : {}) },
  });
}
