import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/**
 * How long the event loop of a thread that does nothing stood still at most: what the machine, busy with other things,
 * takes from everybody. Call what it gives to stop and learn.
 */
export const watchIdle = () => {
  const worker = new Worker(new URL(import.meta.url));
  return async () => {
    worker.postMessage("stop");
    const [longest] = await Promise.all([
      new Promise((resolve) => worker.once("message", resolve)),
      new Promise((resolve) => worker.once("exit", resolve)),
    ]);
    return Number(longest);
  };
};

if (!isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  parentPort?.once("message", () => {
    delay.disable();
    parentPort?.postMessage(delay.max / 1e6);
  });
}
