import type { Setup } from "../../../src/api.js";
import { allOf, forestOf, type Tier } from "../setup/forest.js";

/** What a recovery does not bring back, by the names of pools. */
export interface Lost {
  /** Nothing else had what was in them. */
  readonly gone: readonly string[];
  /** Caches of what lies elsewhere, empty until it is read again. */
  readonly emptied: readonly string[];
}

/** `areFilesLost`: the files of the set-up are gone, too, and not its memory only. */
export function lostOf({ environment, pools }: Setup, areFilesLost: boolean): Lost {
  const forest = forestOf(environment);
  const isLost = ({ id }: Tier): boolean => {
    const facts = pools[id];
    if (!facts?.isLocal) return false;
    return areFilesLost || facts.supports.persistent === false;
  };
  const gone: string[] = [];
  const emptied: string[] = [];
  for (const root of forest)
    for (const tier of allOf([root])) {
      // What a cache is to be filled from is there as long as the last of its origins is.
      if (isLost(tier)) (tier === root || isLost(root) ? gone : emptied).push(tier.title);
    }
  const byName = (a: string, b: string): number => a.localeCompare(b);
  return { gone: gone.sort(byName), emptied: emptied.sort(byName) };
}
