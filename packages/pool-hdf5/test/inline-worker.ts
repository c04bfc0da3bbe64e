import { LailaError } from "@laila/pool";
import { type Api, api, failureOf } from "../src/worker.js";

/** Does in this thread what the worker does, so that tests see (and fail) each of its file operations. */
export class WorkerClient {
  epoch = 0;
  readonly #handles = new Set<number>();

  async call<M extends keyof Api>(
    method: M,
    ...args: Parameters<Api[M]>
  ): Promise<Awaited<ReturnType<Api[M]>>> {
    try {
      const act = api[method] as (...args: readonly unknown[]) => Promise<unknown>;
      const value = await act(...args);
      if (typeof value === "object" && value !== null && "handle" in value) {
        this.#handles.add(Number(value.handle));
      }
      return value as Awaited<ReturnType<Api[M]>>;
    } catch (error) {
      const { code, message } = failureOf(error);
      // biome-ignore lint/style/useErrorCause: it does not cross to the real one's caller either.
      throw new LailaError(code, message);
    }
  }

  async stop(): Promise<void> {
    this.epoch++;
    for (const handle of this.#handles) await api.close(handle).catch(() => undefined);
    this.#handles.clear();
  }
}
