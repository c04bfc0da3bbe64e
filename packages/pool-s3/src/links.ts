/** A request's own abort controller, which follows its caller's signal until it is unlinked. */
export interface Link {
  readonly controller: AbortController;
  readonly signal: AbortSignal;
  unlink(): void;
}

/**
 * Gives each request an abort controller of its own that follows its caller's signal. However many
 * requests share a signal, it gets one listener, and none once they are over.
 */
export class Links {
  readonly #bySignal = new Map<AbortSignal | undefined, Linked>();

  async run<T>(signal: AbortSignal | undefined, act: (own: AbortSignal) => Promise<T>): Promise<T> {
    const link = this.link(signal);
    try {
      return await act(link.signal);
    } finally {
      link.unlink();
    }
  }

  /** To be unlinked when it is over. */
  link(signal: AbortSignal | undefined): Link {
    const controller = new AbortController();
    if (signal?.aborted) controller.abort(signal.reason);
    const linked = this.#linked(signal);
    linked.controllers.add(controller);
    const unlink = (): void => {
      linked.controllers.delete(controller);
      if (linked.controllers.size === 0 && this.#bySignal.get(signal) === linked) {
        signal?.removeEventListener("abort", linked.abort);
        this.#bySignal.delete(signal);
      }
    };
    return { controller, signal: controller.signal, unlink };
  }

  /** Aborts every request under way, whatever its caller's signal. */
  abortAll(): void {
    for (const { controllers } of this.#bySignal.values()) {
      for (const controller of controllers) controller.abort();
    }
  }

  #linked(signal: AbortSignal | undefined): Linked {
    const known = this.#bySignal.get(signal);
    if (known) return known;
    const controllers = new Set<AbortController>();
    const abort = (): void => {
      for (const controller of controllers) controller.abort(signal?.reason);
    };
    const linked = { controllers, abort };
    signal?.addEventListener("abort", abort, { once: true });
    this.#bySignal.set(signal, linked);
    return linked;
  }
}

interface Linked {
  readonly controllers: Set<AbortController>;
  readonly abort: () => void;
}
