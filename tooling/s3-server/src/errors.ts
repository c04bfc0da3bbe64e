/**
 * A refusal in the protocol's own terms. The server answers it as an XML error document; names and
 * statuses are those of the S3 API reference ("Error responses").
 */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: string;
  readonly status: number;
  /** Further elements of the error document, such as `Key` or `BucketName`. */
  readonly details: Readonly<Record<string, string>>;
  /** Further headers of the response. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    more: {
      details?: Record<string, string>;
      headers?: Record<string, string>;
      /** For a code that is not in the table below. */
      status?: number;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.status = more.status ?? statusOf[code] ?? 400;
    this.details = more.details ?? {};
    this.headers = more.headers ?? {};
  }
}

/** Every code this server answers with that is not a plain 400. */
const statusOf: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  RequestTimeTooSkewed: 403,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotModified: 304,
  MethodNotAllowed: 405,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  OperationAborted: 409,
  MissingContentLength: 411,
  PreconditionFailed: 412,
  InvalidRange: 416,
  InternalError: 500,
  NotImplemented: 501,
};

export const noSuchBucket = (bucket: string): S3Error =>
  new S3Error("NoSuchBucket", "The specified bucket does not exist.", {
    details: { BucketName: bucket },
  });

export const noSuchKey = (key: string): S3Error =>
  new S3Error("NoSuchKey", "The specified key does not exist.", { details: { Key: key } });

export const notImplemented = (what: string): S3Error =>
  new S3Error("NotImplemented", `This server does not implement ${what}.`);

export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(
    "PreconditionFailed",
    "At least one of the preconditions you specified did not hold.",
    { details: { Condition: condition } },
  );
