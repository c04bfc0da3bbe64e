import { createHash } from "node:crypto";
import {
  type Algorithm,
  algorithmOfHeader,
  type Checksum,
  checkShape,
  checksumHeader,
  checksumOfHeaders,
  createDigest,
} from "./checksums.js";
import { ChunkedBody } from "./chunked.js";
import { S3Error } from "./errors.js";
import type { S3Request } from "./request.js";
import type { Payload } from "./signature.js";

/** What is known about a body once every byte of it has been read and found right. */
export interface BodyDigest {
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

const maxPutBytes = 5 * 1024 ** 3;

/**
 * A request's body: framing taken off, and at its end held against everything that the request
 * said about it (length, payload hash, Content-MD5, checksum header or trailer). The iteration
 * throws if one of them does not hold, so whoever stores the bytes commits only after it.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: S3Request;
  readonly #payload: Payload;
  readonly #expected: { algorithm: Algorithm; value: string | undefined } | undefined;
  readonly #contentMd5: string | undefined;
  readonly #length: number | undefined;
  #digest: BodyDigest | undefined;

  /** @param ownChecksums false where checksum headers speak of something else than this body */
  constructor(request: S3Request, payload: Payload, ownChecksums = true) {
    this.#request = request;
    this.#payload = payload;
    this.#contentMd5 = contentMd5(request.headers["content-md5"]);
    this.#expected =
      (ownChecksums ? checksumOfHeaders(request.headers) : undefined) ??
      trailerChecksum(request, payload);
    this.#length = declaredLength(request, payload);
    if (this.#expected === undefined && "x-amz-sdk-checksum-algorithm" in request.headers) {
      throw new S3Error(
        "InvalidRequest",
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
      );
    }
  }

  /** True if the sender protects the body with a checksum of its own. */
  get checked(): boolean {
    return this.#expected !== undefined || this.#contentMd5 !== undefined;
  }

  /** Refuses a body of unknown or excessive length before a byte of it is read. */
  requireLength(): void {
    if (this.#length === undefined) {
      throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
    }
    if (this.#length > maxPutBytes) {
      throw new S3Error(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed object size.",
      );
    }
  }

  /** The findings; only after the iteration came to its end. */
  get digest(): BodyDigest {
    if (this.#digest === undefined) throw new Error("The body has not been read to its end.");
    return this.#digest;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const source = this.#request.body;
    const chunked =
      this.#payload.kind === "chunked"
        ? new ChunkedBody(source, this.#payload.trailer, this.#payload.signer)
        : undefined;
    const sha256 = this.#payload.kind === "hash" ? createHash("sha256") : undefined;
    const md5 = createHash("md5");
    const own = this.#expected === undefined ? undefined : createDigest(this.#expected.algorithm);
    let size = 0;
    for await (const chunk of chunked ?? source) {
      size += chunk.length;
      if (this.#length !== undefined && size > this.#length) throw wrongLength();
      sha256?.update(chunk);
      md5.update(chunk);
      own?.update(chunk);
      yield chunk;
    }
    if (this.#length !== undefined && size !== this.#length) throw wrongLength();
    if (this.#payload.kind === "hash" && sha256?.digest("hex") !== this.#payload.sha256) {
      throw new S3Error(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    const sum = md5.digest();
    if (this.#contentMd5 !== undefined && sum.toString("base64") !== this.#contentMd5) {
      throw new S3Error(
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
      );
    }
    const checksum = this.#checkChecksum(own?.digest(), chunked?.trailers);
    this.#digest = { size, md5: sum.toString("hex"), checksum };
  }

  #checkChecksum(
    computed: string | undefined,
    trailers: ReadonlyMap<string, string> | undefined,
  ): Checksum | undefined {
    const expected = this.#expected;
    if (expected === undefined || computed === undefined) return undefined;
    const { algorithm } = expected;
    const given = expected.value ?? trailers?.get(checksumHeader(algorithm));
    if (given === undefined) {
      throw new S3Error(
        "MalformedTrailerError",
        `The trailer ${checksumHeader(algorithm)} was announced, but did not come.`,
      );
    }
    if (checkShape(algorithm, given) !== computed) {
      throw new S3Error(
        "BadDigest",
        `The ${algorithm} you specified did not match the calculated checksum.`,
      );
    }
    return { algorithm, value: computed, type: "FULL_OBJECT" };
  }
}

/** Reads a body into memory, for the few requests whose body is a document. */
export async function readDocument(body: RequestBody, maxBytes = 8 << 20): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new S3Error("MaxMessageLengthExceeded", "Your request was too big.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function contentMd5(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== value) {
    throw new S3Error("InvalidDigest", "The Content-MD5 you specified is not valid.");
  }
  return value;
}

function trailerChecksum(
  request: S3Request,
  payload: Payload,
): { algorithm: Algorithm; value: undefined } | undefined {
  const names = (request.headers["x-amz-trailer"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean);
  if (names.length === 0) return undefined;
  const [name = ""] = names;
  const algorithm = algorithmOfHeader(name);
  if (names.length > 1 || algorithm === undefined) {
    throw new S3Error(
      "InvalidRequest",
      "The value specified in the x-amz-trailer header is not supported.",
    );
  }
  if (payload.kind !== "chunked" || !payload.trailer) {
    throw new S3Error(
      "InvalidRequest",
      "x-amz-trailer needs a payload that is sent with trailers.",
    );
  }
  return { algorithm, value: undefined };
}

function declaredLength(request: S3Request, payload: Payload): number | undefined {
  const name = payload.kind === "chunked" ? "x-amz-decoded-content-length" : "content-length";
  const value = request.headers[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new S3Error("InvalidArgument", `${name} is not a length.`);
  return Number(value);
}

const wrongLength = () =>
  new S3Error(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );
