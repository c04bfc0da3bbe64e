import type { S3Client, S3ServiceException } from "@aws-sdk/client-s3";

/** What is less than this apart signs the same: S3 allows 15 minutes. */
const leastCorrectionMs = 60_000;

/**
 * Signs once more what was refused and had been signed before the SDK set its clock by the server's. The SDK
 * would try again by itself, but where the middleware of a kind of request is kept (see cached-stack.ts),
 * so is the time of signing: of several refused at once, some then seem to have been signed by the right clock.
 * And a clock that is wrong has all refused that are under way, which is more than its retries allow.
 */
export function signAgain(client: S3Client): S3Client {
  const offset = (): number => client.config.systemClockOffset;
  client.middlewareStack.addRelativeTo(
    <A, R>(next: (args: A) => Promise<R>) =>
      async (args: A): Promise<R> => {
        const signedWith = offset();
        try {
          return await next(args);
        } catch (error) {
          const { $metadata } = error as Partial<S3ServiceException>;
          const corrected = Math.abs(offset() - signedWith) >= leastCorrectionMs;
          if ($metadata?.httpStatusCode === 403 && corrected) return await next(args);
          throw error;
        }
      },
    { relation: "before", toMiddleware: "httpSigningMiddleware", name: "signAgain" },
  );
  return client;
}
