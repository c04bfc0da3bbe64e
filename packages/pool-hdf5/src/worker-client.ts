import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { LailaError } from "@laila/pool";
import type { Api } from "./worker.js";
import { type Reply, type Request, workerMark } from "./worker-protocol.js";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: LailaError): void;
}

/** From `src` and from `dist` alike, the built worker. */
const workerUrl = new URL("../dist/worker.js", import.meta.url);

/**
 * The thread in which the HDF5 library runs: started by the first call, and again after it died. It
 * keeps the process alive only while a call is waited for.
 */
export class WorkerClient {
  #worker: Worker | undefined;
  #epoch = 0;
  #ids = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** Changes whenever a worker ends: handles of an earlier one are void. */
  get epoch(): number {
    return this.#epoch;
  }

  async call<M extends keyof Api>(
    method: M,
    ...args: Parameters<Api[M]>
  ): Promise<Awaited<ReturnType<Api[M]>>> {
    const worker = this.#start();
    const id = ++this.#ids;
    const value = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      const request: Request = { id, method, args };
      worker.postMessage(request);
    });
    return value as Awaited<ReturnType<Api[M]>>;
  }

  /** Ends the thread; the next call starts another. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#forget("was stopped");
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    if (!existsSync(workerUrl)) {
      throw new LailaError(
        "MISSING_PACKAGE",
        `The worker of @laila/pool-hdf5 is not at ${fileURLToPath(workerUrl)}. In its repository build the package first; in a bundled program keep @laila/pool-hdf5 external.`,
      );
    }
    const worker = new Worker(workerUrl, {
      name: workerMark,
      workerData: workerMark,
      execArgv: [],
    });
    worker.unref();
    worker.on("message", (reply: Reply) => this.#settle(reply));
    worker.on("error", (error) => this.#lost(worker, `failed: ${error.message}`));
    worker.on("exit", () => this.#lost(worker, "ended"));
    this.#worker = worker;
    return worker;
  }

  #settle({ id, value, failure }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (failure) waiting?.reject(new LailaError(failure.code, failure.message));
    else waiting?.resolve(value);
  }

  #lost(worker: Worker, how: string): void {
    if (this.#worker === worker) this.#forget(how);
  }

  #forget(how: string): void {
    this.#worker = undefined;
    this.#epoch++;
    for (const { reject } of this.#waiting.values()) {
      reject(
        new LailaError("UNAVAILABLE", `The HDF5 worker ${how} while it was needed. Try again.`),
      );
    }
    this.#waiting.clear();
  }
}
