import type { S3Client, S3ServiceException } from "@aws-sdk/client-s3";

/** What is less than this apart signs the same: S3 allows 15 minutes. */
const leastCorrectionMs = 60_000;

/**
 * Signs once more what was refused and had been signed before the SDK set its clock by the server's. The SDK
 * would try again by itself, but where the middleware of a kind of request is kept (see cached-stack.ts), so is
 * the time of signing: of several refused at once, some then seem to have been signed by the right clock. And
 * under a clock that is some minutes wrong it would try again whatever fails, a 404 or a lost condition too.
 *
 * No body here is a stream, which could not be sent twice.
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
          const isRefused = withoutAdvice(error) === 403;
          const isCorrected = Math.abs(offset() - signedWith) >= leastCorrectionMs;
          if (!isRefused || !isCorrected) throw error;
        }
        try {
          return await next(args);
        } catch (error) {
          withoutAdvice(error);
          throw error;
        }
      },
    { relation: "before", toMiddleware: "httpSigningMiddleware", name: "signAgain" },
  );
  return client;
}

/** Takes from an error that the SDK should try again because of its clock; gives its status. */
function withoutAdvice(error: unknown): number | undefined {
  const { $metadata } = error as Partial<S3ServiceException>;
  if ($metadata) Object.assign($metadata, { clockSkewCorrected: false });
  return $metadata?.httpStatusCode;
}
