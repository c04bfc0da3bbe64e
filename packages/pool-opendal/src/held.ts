import { setTimeout as wait } from "node:timers/promises";
import { LailaError } from "@laila/pool";
import type { Operator } from "opendal";

/**
 * sled locks its directory until its operator is gone, and the binding has no call for that: the garbage
 * collector decides. So an operator is used again while it is there, by one pool at a time.
 */
const made = new Map<string, WeakRef<Operator>>();
const inUse = new Set<string>();

const attempts = 100;
const pauseMs = 20;

/** LOCKED while another pool, here or in another process, has the directory. */
export async function hold(directory: string, make: () => Operator): Promise<Operator> {
  if (inUse.has(directory)) throw locked(directory);
  inUse.add(directory);
  try {
    const operator = made.get(directory)?.deref() ?? (await makeWhenFree(directory, make));
    made.set(directory, new WeakRef(operator));
    return operator;
  } catch (error) {
    inUse.delete(directory);
    throw error;
  }
}

export function letGo(directory: string): void {
  inUse.delete(directory);
}

/** What was collected in this process lets go of the lock a moment later. */
async function makeWhenFree(directory: string, make: () => Operator): Promise<Operator> {
  for (let attempt = made.has(directory) ? 0 : attempts; ; attempt++) {
    try {
      return make();
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("could not acquire lock");
      if (!taken) throw error;
      if (attempt >= attempts) throw locked(directory);
      await wait(pauseMs);
    }
  }
}

function locked(directory: string): LailaError {
  return new LailaError(
    "LOCKED",
    `${directory} is in use by another pool. Close it, or, if that was in another process, end the process: sled lets go of its directory no sooner.`,
    { details: { path: directory } },
  );
}
