import { setTimeout } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { LailaError } from "@laila/pool";
import type { BrokenBody } from "./body.js";
import { type Deed, isRedirect, type Place, placedError, requestError } from "./errors.js";
import { failureOf } from "./failure.js";
import { type Link, Links } from "./links.js";
import type { Throttle } from "./throttle.js";

/** How a pool reaches its bucket. */
export interface Connection {
  readonly client: S3Client;
  readonly throttle: Throttle;
  /**
   * A client for the region that S3 says the bucket is in; undefined where the answer of a server must not
   * decide where requests go. Its host follows from the region's name alone.
   */
  readonly clientIn?: ((region: string) => S3Client | undefined) | undefined;
  /** In milliseconds, for a request without a body; undefined leaves it to the client. */
  readonly requestTimeout: number | undefined;
  /** Where the SDK sends no checksum with a value, it gets a Content-MD5. */
  readonly contentMd5: boolean;
  /** The length of parts and ranges. */
  readonly partBytes: number;
}

export interface Http {
  readonly abortSignal: AbortSignal;
  readonly requestTimeout?: number;
}

/** What one request is made of: the client of the moment, and the options to send it with. */
export type Send<T> = (client: S3Client, http: Http) => Promise<T>;

/** A body may take this much longer than a bare request, at the least bandwidth worth waiting for. */
const bytesPerMillisecond = 64;
/** Half of the longest pause behind a first attempt, in milliseconds. */
const pauseMs = 100;

/** The way to one bucket: places for requests, their signals, the region, and what errors mean. */
export class Bucket {
  readonly place: Place;
  readonly contentMd5: boolean;
  readonly partBytes: number;
  readonly #throttle: Throttle;
  readonly #requestTimeout: number | undefined;
  readonly #clientIn: Connection["clientIn"];
  readonly #links = new Links();
  #client: S3Client;
  /** The client of the region that S3 named: it is asked once. */
  #moved: S3Client | undefined;
  #closed = false;

  constructor(place: Place, connection: Connection) {
    this.place = place;
    this.#client = connection.client;
    this.#clientIn = connection.clientIn;
    this.#throttle = connection.throttle;
    this.#requestTimeout = connection.requestTimeout;
    this.contentMd5 = connection.contentMd5;
    this.partBytes = connection.partBytes;
  }

  /** Ends what is under way (iterations that were left half way); from now on every call is CLOSED. */
  close(): void {
    this.#closed = true;
    this.#links.abortAll();
    this.#moved?.destroy();
  }

  /** A controller for several requests of one call, which follows the call's signal. */
  link(deed: Deed): Link {
    return this.#links.link(deed.signal);
  }

  /**
   * One request within the connections' limit, which lasts until `send` is done with the body. Rejects with
   * the SDK's own error. `sends` is how many bytes go with it.
   */
  async run<T>(deed: Deed, send: Send<T>, sends = 0): Promise<T> {
    const client = this.#client;
    try {
      return await this.#attempt(client, deed, send, sends);
    } catch (error) {
      if (!this.#moves(client, error) || deed.signal?.aborted) throw error;
    }
    return this.#attempt(this.#client, deed, send, sends);
  }

  /** As {@link run}, its failure as a LailaError. */
  async call<T>(deed: Deed, send: Send<T>): Promise<T> {
    try {
      return await this.run(deed, send);
    } catch (error) {
      throw this.error(error, deed);
    }
  }

  /** Waits before another attempt at what the server was too busy for; everybody else slows down too. */
  async pause(attempt: number, { signal }: Deed): Promise<void> {
    this.#throttle.slow();
    const most = pauseMs * 2 ** attempt;
    // Cut short, the next request tells of the signal.
    await setTimeout(Math.random() * most, undefined, { signal }).catch(() => undefined);
  }

  error(error: unknown, deed: Deed): LailaError {
    if (this.#closed) return closedError(this.place);
    return requestError(error, deed, this.place);
  }

  /**
   * What it means that a body arrived broken every time. Ended early at the same byte each time, it is the
   * value that is short, and not the connection.
   */
  brokenBody(all: readonly BrokenBody[], deed: Deed): LailaError {
    const [error] = all.slice(-1);
    if (!error || error.kind === "lost" || deed.signal?.aborted)
      return this.error(error?.cause, deed);
    const sameEnd = all.every(
      ({ kind, received }) => kind === "short" && received === error.received,
    );
    if (error.kind === "short" && !sameEnd) return this.error(error.cause, deed);
    const failure = failureOf(error.cause, this.place.secrets);
    const how =
      error.kind === "mismatch"
        ? "its bytes do not have the checksum they were stored with"
        : `it ends after ${error.received} bytes, before its declared length`;
    const told = `gave a damaged value ${all.length} times: ${how}. Write it again, or restore it from a copy.`;
    return placedError("CORRUPT", told, deed, this.place, { failure });
  }

  async #attempt<T>(client: S3Client, deed: Deed, send: Send<T>, sends: number): Promise<T> {
    if (this.#closed) throw closedError(this.place);
    const base = this.#requestTimeout;
    const timeout =
      base === undefined || sends === 0
        ? {}
        : { requestTimeout: base + Math.ceil(sends / bytesPerMillisecond) };
    try {
      const result = await this.#links.run(deed.signal, (abortSignal) =>
        this.#throttle.run(() => send(client, { abortSignal, ...timeout }), abortSignal),
      );
      this.#throttle.succeeded();
      return result;
    } catch (error) {
      const { status } = failureOf(error);
      if (status === 503 || status === 429) this.#throttle.slow();
      // "There is no such value" is an answer like any other.
      else if (status !== undefined && status < 500) this.#throttle.succeeded();
      throw error;
    }
  }

  /** Whether the request that failed there should be made again with the client of the moment. */
  #moves(used: S3Client, error: unknown): boolean {
    if (!this.#clientIn || this.#closed) return false;
    const failure = failureOf(error);
    if (!isRedirect(failure)) return false;
    // Another request was told before.
    if (used !== this.#client) return true;
    if (this.#moved || failure.region === undefined) return false;
    const moved = this.#clientIn(failure.region);
    if (!moved) return false;
    this.#moved = moved;
    this.#client = moved;
    process.emitWarning(
      `The bucket ${this.place.bucket} is in the region ${failure.region}, where the pool goes from now on. Give that as regionName: each new pool learns it by a request that fails.`,
      { type: "LailaWarning", code: "LAILA_WRONG_REGION" },
    );
    return true;
  }
}

function closedError({ bucket }: Place): LailaError {
  return new LailaError(
    "CLOSED",
    `The pool of bucket ${bucket} is closed. Make a new one to go on.`,
  );
}
