import { type Entry, type GlobalId, isLailaError, LailaError } from "@laila/schema";
import { leafPaths } from "./blueprint-paths.js";
import type { CentralMemory } from "./central-memory.js";
import type { Future } from "./future.js";
import { leafError } from "./manifest-io.js";
import type { RememberOptions } from "./options.js";
import type { ManifestLike } from "./selectors.js";

export interface RealizeEachOptions extends RememberOptions {
  /** How many leaves are read ahead of the reader, and so in memory at most; 32 unless given. */
  readonly ahead?: number | undefined;
}

/** One place of a manifest's blueprint with the entry that was read for it. */
export interface RealizedLeaf {
  /** Such as `layers[2].weights`. */
  readonly path: string;
  readonly id: GlobalId;
  readonly entry: Entry;
  /** How many places were given, this one among them. */
  readonly done: number;
  readonly total: number;
}

/** Places in order, each read by a future of its own, so few at a time that memory stays bounded. */
export async function* realizeEach(
  memory: CentralMemory,
  manifest: ManifestLike & { readonly size: number },
  { ahead = 32, ...options }: RealizeEachOptions,
): AsyncGenerator<RealizedLeaf, undefined> {
  if (!Number.isSafeInteger(ahead) || ahead < 1)
    throw new LailaError("INVALID_ARGUMENT", "realizeEach: ahead is a whole number from 1.");
  const places = leafPaths(manifest.blueprint);
  const reading: { path: string; id: GlobalId; future: Future<Entry> }[] = [];
  let done = 0;
  try {
    for (;;) {
      while (reading.length < ahead) {
        const { done: all, value } = places.next();
        if (all) break;
        const [path, id] = value;
        reading.push({ path, id, future: memory.remember(id, options) });
      }
      const next = reading.shift();
      if (!next) return undefined;
      const { path, id, future } = next;
      const entry = await future.catch((error: unknown) => {
        if (!isLailaError(error) || isLailaError(error, "ABORTED")) throw error;
        throw leafError(error, manifest, id, path);
      });
      yield { path, id, entry, done: ++done, total: manifest.size };
    }
  } finally {
    // The reader has left, or a leaf failed: nobody waits for the others any more.
    for (const { future } of reading) if (!future.cancel()) future.catch(() => undefined);
  }
}
