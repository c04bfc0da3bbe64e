import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { abortError, type CallOptions, isLailaError, LailaError } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import type { ExportOutcome } from "./export.js";
import { files, syncDirectory } from "./files.js";
import type { PoolPaths } from "./paths.js";
import { WorkerClient } from "./worker-client.js";

export interface ExportOptions extends CallOptions {
  /** Compresses arrays with gzip, which every HDF5 reader can: true (level 4), or a level of 1 to 9. */
  readonly compress?: boolean | number | undefined;
}

const usualLevel = 4;

/** Writes the snapshot at the paths to a new file, in a thread of its own. */
export async function exportSnapshot(
  { file, sums }: PoolPaths,
  target: string,
  { compress = false, signal }: ExportOptions,
): Promise<ExportOutcome> {
  if (signal?.aborted) throw abortError(signal);
  if (await isThere(target)) throw inTheWay(target);
  const draft = `${target}.tmp-${randomBytes(6).toString("hex")}`;
  const worker = new WorkerClient();
  let stopped: Promise<void> | undefined;
  const stop = (): void => {
    stopped = worker.stop();
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const deflate = compress === true ? usualLevel : compress || undefined;
    const outcome = await worker.call("exportValues", {
      ...{ path: file, sums, target: draft, deflate },
    });
    // A link fails where a rename would write over what has come there meanwhile.
    await files.link(draft, target);
    await removeDraft(draft);
    await syncDirectory(dirname(target));
    return outcome;
  } catch (error) {
    // A thread that is just ending may still make the file.
    await stopped;
    await worker.stop();
    await removeDraft(draft);
    if (signal?.aborted) throw abortError(signal);
    if (isLailaError(error)) throw error;
    throw systemCode(error) === "EEXIST"
      ? inTheWay(target)
      : fileError(error, "Exporting to", target);
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.stop();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await files.stat(dirname(path));
  } catch (error) {
    throw fileError(error, "Exporting to", path);
  }
  try {
    await files.lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw fileError(error, "Exporting to", path);
  }
}

function inTheWay(path: string): LailaError {
  return new LailaError(
    "INVALID_ARGUMENT",
    `There is something at ${path} already, and an export writes over nothing. Give another path, or move it away.`,
    { details: { path } },
  );
}

async function removeDraft(path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    // It was never made, or cannot be removed now; its name says what it is.
  }
}
