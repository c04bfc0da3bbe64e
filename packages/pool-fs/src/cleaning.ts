import { join } from "node:path";
import { failedWith } from "./errors.js";
import { files, unlinkIfThere } from "./files.js";
import { parseIdentity } from "./identity.js";
import type { KeyLocks } from "./key-locks.js";
import type { Layout } from "./layout.js";

const nonce = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const writerName = new RegExp(`^${nonce}$`);
const temporaryName = new RegExp(`^(${nonce})\\.[0-9a-z]+$`);
const lockName = new RegExp(`^(?:[0-9a-f]{64}|${nonce}\\.break)$`);

/**
 * Removes what writers that are gone have left: their temporary files, their locks, their own files. What
 * belongs to a living writer, or to nobody we know, stays.
 */
export async function clean(layout: Layout, locks: KeyLocks): Promise<void> {
  try {
    const gone = await goneWriters(layout, locks);
    for (const name of await files.readdir(layout.temporary)) {
      const owner = temporaryName.exec(name)?.[1];
      if (owner === undefined) continue;
      if (gone.has(owner) || !(await isRegistered(layout, owner))) {
        await unlinkIfThere(join(layout.temporary, name));
      }
    }
    for (const name of await files.readdir(layout.locks)) {
      if (lockName.test(name)) await locks.clear(name);
    }
    // Last, because they say whose the rest is, should this be interrupted.
    for (const owner of gone) await unlinkIfThere(join(layout.writers, owner));
  } catch (error) {
    // Who may only read cleans nothing, nor makes what is missing; the next writer does it.
    if (!failedWith(error, "EACCES", "EPERM", "EROFS", "ENOENT")) throw error;
    await layout.verify();
  }
}

async function goneWriters(layout: Layout, locks: KeyLocks): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const name of await files.readdir(layout.writers)) {
    if (!writerName.test(name)) continue;
    const text = await readIfThere(join(layout.writers, name));
    const identity = text === undefined ? undefined : parseIdentity(text);
    if (identity?.nonce === name && (await locks.isGone(identity))) gone.add(name);
  }
  return gone;
}

/** A writer registers before its first temporary file: one that is not registered has ended. */
async function isRegistered(layout: Layout, owner: string): Promise<boolean> {
  return (await readIfThere(join(layout.writers, owner))) !== undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await files.readText(path);
  } catch (error) {
    if (failedWith(error, "ENOENT")) return undefined;
    // Another user's: it is there.
    if (failedWith(error, "EACCES")) return "";
    throw error;
  }
}
