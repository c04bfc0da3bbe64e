import { setTimeout } from "node:timers/promises";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { optionsOf } from "./cached-stack.js";

/** The SDK's interface of what decides about another attempt. */
type Strategy = Extract<
  NonNullable<S3ClientConfig["retryStrategy"]>,
  { acquireInitialRetryToken: unknown }
>;
type Token = Awaited<ReturnType<Strategy["acquireInitialRetryToken"]>>;
type Failed = Parameters<Strategy["refreshRetryTokenForRetry"]>[1];

/** The longest pause behind a first attempt, in milliseconds; twice as long behind the second. */
const pauseMs = 50;
/** The same where the server has asked to slow down. */
const slowPauseMs = 1000;
/** A server's Retry-After can make a pause longer by this. */
const mostExtraMs = 5000;

/** The signals of the requests that failed. */
const signals = new WeakMap<object, AbortSignal>();

/**
 * Some attempts for each request, whatever others have met, with the pauses of the SDK's standard mode. The
 * SDK's own strategy has one budget of retries for all requests of a client: of 64 that lose their connections
 * to a server that restarts, every other one would fail at once. What keeps a pool from asking for too much
 * is its throttle. A pause ends with the request's signal, so that nobody waits for the place it takes.
 */
export class Retries implements Strategy {
  readonly mode = "standard";
  readonly #attempts: number;

  constructor(attempts: number) {
    this.#attempts = attempts;
  }

  async acquireInitialRetryToken(): Promise<Token> {
    return token(0);
  }

  /** Rejects where there is no further attempt; the SDK then tells the request's own error. */
  async refreshRetryTokenForRetry(last: Token, failed: Failed): Promise<Token> {
    const done = last.getRetryCount() + 1;
    const isPassing = failed.errorType === "THROTTLING" || failed.errorType === "TRANSIENT";
    if (!isPassing || done >= this.#attempts) throw new Error("There is no further attempt.");
    const signal = failed.error && signals.get(failed.error);
    await setTimeout(pauseBehind(done, failed), undefined, { signal });
    return token(done);
  }

  recordSuccess(): void {
    // There is no budget to win back.
  }
}

/** Lets {@link Retries} know the signal of the request that failed. */
export function tellSignals(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const signal = optionsOf(args.input, undefined)?.abortSignal;
        if (signal && typeof error === "object" && error) signals.set(error, signal as AbortSignal);
        throw error;
      }
    },
    { step: "deserialize", priority: "high", name: "tellSignals" },
  );
  return client;
}

function token(count: number): Token {
  return { getRetryCount: () => count, getRetryDelay: () => 0 };
}

function pauseBehind(attempt: number, { errorType, retryAfterHint }: Failed): number {
  const longest = (errorType === "THROTTLING" ? slowPauseMs : pauseMs) * 2 ** (attempt - 1);
  const pause = Math.random() * longest;
  const asked = retryAfterHint ? retryAfterHint.getTime() - Date.now() : 0;
  return Math.max(pause, Math.min(asked, pause + mostExtraMs));
}
