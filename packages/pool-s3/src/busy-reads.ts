import type { S3Client } from "@aws-sdk/client-s3";

/**
 * Lets the SDK try again when a read is refused because of a write under way: Ceph answers 409
 * (ConcurrentModification) to a GET of a range while the object is overwritten.
 */
export function retryBusyReads(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (isRead(args.request) && isBusy(error)) {
          Object.assign(error, { $retryable: { throttling: false } });
        }
        throw error;
      }
    },
    // Around what makes errors of answers, within what tries again.
    { step: "deserialize", priority: "high", name: "retryBusyReads" },
  );
  return client;
}

function isRead(request: unknown): boolean {
  const { method } = request as { readonly method?: string };
  return method === "GET" || method === "HEAD";
}

function isBusy(error: unknown): error is Error {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return error instanceof Error && $metadata?.httpStatusCode === 409;
}
