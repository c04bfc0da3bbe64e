import * as fs from "node:fs";
import { hostname } from "node:os";
import { files } from "./files.js";

/** Who writes, in enough detail to know for certain that it is gone. */
export interface Identity {
  readonly nonce: string;
  readonly pid: number;
  /** When the process started, in the kernel's own unit; a reused pid has another. Empty where unknown. */
  readonly startTime: string;
  /** The thread of a worker that is terminated ends before its process does. */
  readonly thread: { readonly id: string; readonly startTime: string };
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly host: string;
}

export type Verdict = "alive" | "gone" | "unknown";

/** Who this thread is. */
export function identify(nonce: string): Identity {
  const thread = currentThread();
  return {
    nonce,
    pid: process.pid,
    startTime: stateOf(`/proc/${process.pid}`).startTime,
    thread: { id: thread, startTime: stateOf(`/proc/${process.pid}/task/${thread}`).startTime },
    bootId: readProc("/proc/sys/kernel/random/boot_id").trim(),
    pidNamespace: readProcLink("/proc/self/ns/pid"),
    host: hostname(),
  };
}

/**
 * "gone" only when it is certain. `local`: the directory is on a disk that only one running kernel can have
 * mounted, so that whoever wrote to it before the last boot has ended with that.
 */
export function judge(
  other: Identity,
  own: Identity,
  { local }: { readonly local: boolean },
): Verdict {
  if (other.bootId !== own.bootId) {
    return local && other.bootId !== "" && own.bootId !== "" ? "gone" : "unknown";
  }
  // Without a boot id, the name of the machine is all there is to tell machines apart by.
  if (own.bootId === "" && other.host !== own.host) return "unknown";
  if (other.pidNamespace !== own.pidNamespace) return "unknown";
  return hasEnded(other) ? "gone" : "alive";
}

/** Undefined when it is no identity. */
export function parseIdentity(text: string): Identity | undefined {
  try {
    const identity: unknown = JSON.parse(text);
    const valid =
      typeof identity === "object" &&
      identity !== null &&
      "nonce" in identity &&
      "pid" in identity &&
      "thread" in identity;
    return valid ? (identity as Identity) : undefined;
  } catch {
    // Foreign, or of a writer that died while writing it.
    return undefined;
  }
}

/** ext4, xfs, btrfs, f2fs, tmpfs, ramfs, zfs, overlayfs, bcachefs: not shared between running kernels. */
const localFileSystems = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x858458f6, 0x2fc12fc1, 0x794c7630,
  0xca451a4e,
]);

export async function isLocalDisk(directory: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const { type } = await files.statfs(directory);
  return localFileSystems.has(type >>> 0);
}

function hasEnded({ pid, startTime, thread }: Identity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as { readonly code?: unknown }).code === "ESRCH";
  }
  const now = stateOf(`/proc/${pid}`);
  // Not visible to us (or no such system): it answers to its id, so it lives for all we know.
  if (now.startTime === "" || startTime === "") return false;
  if (now.startTime !== startTime) return true;
  if (now.ended) return allThreadsEnded(pid);
  const worker = stateOf(`/proc/${pid}/task/${thread.id}`);
  // The process is asked once more, so that its end between the two looks is not taken for the thread's.
  if (worker.startTime === "") return stateOf(`/proc/${pid}`).startTime === startTime;
  return worker.startTime !== thread.startTime || worker.ended;
}

/** A killed process is a zombie while one of its threads may still be inside a last system call. */
function allThreadsEnded(pid: number): boolean {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).every((id) => {
      const { startTime, ended } = stateOf(`/proc/${pid}/task/${id}`);
      return ended || startTime === "";
    });
  } catch {
    // It has just gone entirely, or cannot be seen; the next look tells.
    return false;
  }
}

/** From /proc where there is one. */
function stateOf(entry: string): { readonly ended: boolean; readonly startTime: string } {
  const text = readProc(`${entry}/stat`);
  // The second field is the command in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { ended: ["Z", "X"].includes(fields[0] ?? ""), startTime: fields[19] ?? "" };
}

/** The kernel's id of the calling JavaScript thread; the process's id where there is no /proc. */
function currentThread(): string {
  return /task\/(\d+)$/.exec(readProcLink("/proc/thread-self"))?.[1] ?? String(process.pid);
}

function readProcLink(path: string): string {
  try {
    return fs.readlinkSync(path);
  } catch {
    // Not there on this system; an empty answer never proves that somebody is gone.
    return "";
  }
}

function readProc(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    // As above.
    return "";
  }
}
