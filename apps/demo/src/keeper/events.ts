import type { Life, Operation, OperationsEvent, SetupEvent } from "../api.js";

/** How many operations wait for a slow reader; of more, only the number is told. */
const operationsKept = 500;
const heartbeatMs = 15_000;

/** Tells every page that listens what happens, by server-sent events. */
export class Events {
  readonly #listeners = new Set<Listener>();

  get listeners(): number {
    return this.#listeners.size;
  }

  life(life: Life): void {
    for (const listener of this.#listeners) listener.life(life);
  }

  setup(setup: SetupEvent): void {
    for (const listener of this.#listeners) listener.setup(setup);
  }

  operations(event: OperationsEvent): void {
    for (const listener of this.#listeners) listener.operations(event);
  }

  /** The answer to one page; it begins with the life as it is now. */
  answer(now: Life): Response {
    const listener = new Listener(() => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    listener.life(now);
    return new Response(listener.stream, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }
}

/**
 * One page. It takes when it can; what waits for it is one life, one set-up and a bounded number of
 * operations, however slow it is.
 */
class Listener {
  readonly stream: ReadableStream<Uint8Array>;
  #life: Life | undefined;
  #setup: SetupEvent | undefined;
  #operations: Operation[] = [];
  #left = 0;
  #beat = false;
  #wake: (() => void) | undefined;

  constructor(gone: () => void) {
    const heart = setInterval(() => {
      this.#beat = true;
      this.#wake?.();
    }, heartbeatMs);
    this.stream = new ReadableStream(
      {
        pull: async (controller) => {
          controller.enqueue(new TextEncoder().encode(await this.#next()));
        },
        cancel: () => {
          clearInterval(heart);
          gone();
        },
      },
      { highWaterMark: 0 },
    );
  }

  life(life: Life): void {
    this.#life = life;
    this.#wake?.();
  }

  setup(setup: SetupEvent): void {
    this.#setup = setup;
    this.#wake?.();
  }

  operations({ operations, left }: OperationsEvent): void {
    const room = operationsKept - this.#operations.length;
    this.#operations.push(...operations.slice(0, room));
    this.#left += left + Math.max(0, operations.length - room);
    this.#wake?.();
  }

  async #next(): Promise<string> {
    for (;;) {
      const text = this.#take();
      if (text !== "") return text;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): string {
    let text = "";
    if (this.#life) text += event("life", this.#life);
    if (this.#setup) text += event("setup", this.#setup);
    if (this.#operations.length > 0)
      text += event("operations", { operations: this.#operations, left: this.#left });
    // A comment: it tells nothing, and keeps the connection.
    if (text === "" && this.#beat) text = ":\n\n";
    this.#life = undefined;
    this.#setup = undefined;
    this.#operations = [];
    this.#left = 0;
    this.#beat = false;
    return text;
  }
}

function event(type: string, data: Life | SetupEvent | OperationsEvent): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
