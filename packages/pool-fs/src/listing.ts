import type { Dirent } from "node:fs";
import { join } from "node:path";
import type { LailaError } from "@laila/pool";
import { isLailaError } from "@laila/pool";
import { corrupt, failedWith } from "./errors.js";
import { files } from "./files.js";
import type { Layout } from "./layout.js";
import { keyNamed, mayBegin, placeOf } from "./names.js";
import { readFooter } from "./value-file.js";

/**
 * The keys that begin with `prefix`, one fan-out directory after the other; what bears no name of the pool's
 * is passed over. A file whose name holds no key, and which is damaged, does not end the listing: CORRUPT
 * comes after everything else.
 */
export async function* listKeys(layout: Layout, prefix: string): AsyncGenerator<string> {
  let damage: LailaError | undefined;
  for (const fan of await entriesOf(layout, layout.values)) {
    if (!fan.isDirectory() || !/^[0-9a-f]{2}$/.test(fan.name)) continue;
    // A set, because some file systems list a file twice that is replaced meanwhile.
    for (const name of new Set(await fileNames(layout, fan.name))) {
      const found = keyNamed(fan.name, name);
      if (!found) continue;
      if ("key" in found) {
        if (found.key.startsWith(prefix)) yield found.key;
      } else if (mayBegin(found.start, prefix)) {
        try {
          const key = await keyInside(join(layout.values, fan.name, name), name);
          if (key?.startsWith(prefix)) yield key;
        } catch (error) {
          if (!isLailaError(error, "CORRUPT")) throw error;
          damage ??= error;
        }
      }
    }
  }
  if (damage) throw damage;
}

async function fileNames(layout: Layout, fan: string): Promise<string[]> {
  const entries = await entriesOf(layout, join(layout.values, fan));
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function entriesOf(layout: Layout, directory: string): Promise<Dirent[]> {
  try {
    return await files.readEntries(directory);
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw error;
    // Somebody tidied up an empty directory, or took away the whole pool.
    await layout.verify();
    return [];
  }
}

/** Undefined when the file was deleted meanwhile. */
async function keyInside(path: string, name: string): Promise<string | undefined> {
  try {
    const { key } = await readFooter(path);
    if (placeOf(key).name !== name)
      throw corrupt(path, `holds the value of ${JSON.stringify(key)}`);
    return key;
  } catch (error) {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  }
}
