import { closeSync, openSync, readSync } from "node:fs";

/**
 * How long this thread computed at most between two turns of its event loop, in ms. The delay that is seen from outside
 * holds also what other processes took; this doesn't. Linux only: elsewhere undefined.
 */
export const watchTurns = () => {
  const clock = openClock();
  if (!clock) return () => undefined;
  let last = clock.now();
  let longest = 0;
  const look = () => {
    const now = clock.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    look();
    clearInterval(timer);
    clock.close();
    return longest;
  };
};

const openClock = () => {
  try {
    // The main thread's id is the process's; the first number is its time on a CPU, in ns.
    const fd = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
    const bytes = Buffer.alloc(128);
    return {
      now: () =>
        Number.parseInt(bytes.toString("latin1", 0, readSync(fd, bytes, 0, 128, 0)), 10) / 1e6,
      close: () => closeSync(fd),
    };
  } catch {
    return undefined;
  }
};
