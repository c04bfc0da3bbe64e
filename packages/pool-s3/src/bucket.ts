import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { LailaError, type ReadResult, Slots, type Version } from "@laila/pool";
import { type Body, BrokenBody, collect } from "./body.js";
import { type Deed, type Place, placedError, requestError } from "./errors.js";
import { failureOf } from "./failure.js";
import { Links } from "./links.js";

/** One page of a listing: the raw names of objects, and the token of the next page. */
export interface Page {
  readonly names: readonly string[];
  readonly next: string | undefined;
}

export interface PutOptions {
  readonly ifNoneMatch?: "*";
  readonly ifMatch?: Version;
  /** Written into the object's metadata, to know one's own write again. */
  readonly writeId?: string;
}

export interface Head {
  readonly version: Version;
  readonly writeId: string | undefined;
}

export interface Limits {
  /** Requests under way at once. */
  readonly connections: number;
  /** In milliseconds, for a request without a body; undefined leaves it to the client. */
  readonly requestTimeout: number | undefined;
}

interface Http {
  readonly abortSignal: AbortSignal;
}

const writeIdName = "laila-write";
/** How often a body that arrived broken is asked for. */
const bodyAttempts = 3;
/** A body may take this much longer than a bare request, at the least bandwidth worth waiting for. */
const bytesPerMillisecond = 64;
const json = "{".charCodeAt(0);

/** The requests a pool makes of its bucket. Object names are whole: prefix and encoding are the pool's. */
export class Bucket {
  readonly place: Place;
  readonly #client: S3Client;
  /** The agent has the same limit, but a request waiting there already uses up its time to connect. */
  readonly #slots: Slots;
  readonly #requestTimeout: number | undefined;
  readonly #links = new Links();
  /** A request has shown that the bucket is there. */
  #seen = false;
  #closed = false;

  constructor(client: S3Client, place: Place, limits: Limits) {
    this.#client = client;
    this.place = place;
    this.#slots = new Slots(limits.connections);
    this.#requestTimeout = limits.requestTimeout;
  }

  /** Ends what is under way (iterations that were left half way); from now on every call is CLOSED. */
  close(): void {
    this.#closed = true;
    this.#links.abortAll();
  }

  /** The object's bytes and ETag, or undefined. A body that arrives broken is asked for again. */
  async get(name: string, deed: Deed): Promise<ReadResult | undefined> {
    const broken: BrokenBody[] = [];
    for (;;) {
      try {
        return await this.#run(deed, async (http) => {
          const reply = await this.#client.send(
            new GetObjectCommand({ ...this.#bucket, Key: name }),
            http,
          );
          const bytes = await collect(reply.Body as Body | undefined, reply.ContentLength);
          return { bytes, version: etagOf(reply) };
        });
      } catch (error) {
        if (failureOf(error).name === "NoSuchKey") {
          this.#seen = true;
          return undefined;
        }
        if (!(error instanceof BrokenBody)) throw this.#error(error, deed);
        if (error.kind === "lost" || deed.signal?.aborted) throw this.#error(error.cause, deed);
        broken.push(error);
        if (broken.length === bodyAttempts) throw this.#brokenBody(error, broken, deed);
      }
    }
  }

  /** The new ETag. Rejects with the SDK's own error: what a refusal means is the caller's business. */
  async put(
    name: string,
    bytes: Uint8Array,
    deed: Deed,
    { ifNoneMatch, ifMatch, writeId }: PutOptions = {},
  ): Promise<Version> {
    const command = new PutObjectCommand({
      ...this.#bucket,
      Key: name,
      Body: bytes,
      ContentType: bytes[0] === json ? "application/json" : "application/vnd.laila.record",
      ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      ...(writeId === undefined ? {} : { Metadata: { [writeIdName]: writeId } }),
    });
    const base = this.#requestTimeout;
    const timeout =
      base === undefined
        ? {}
        : { requestTimeout: base + Math.ceil(bytes.byteLength / bytesPerMillisecond) };
    return this.#run(deed, async (http) =>
      etagOf(await this.#client.send(command, { ...http, ...timeout })),
    );
  }

  async delete(name: string, deed: Deed): Promise<void> {
    try {
      await this.#run(deed, (http) =>
        this.#client.send(new DeleteObjectCommand({ ...this.#bucket, Key: name }), http),
      );
    } catch (error) {
      // Some servers say so of what is not there; it is gone all the same.
      if (failureOf(error).name !== "NoSuchKey") throw this.#error(error, deed);
    }
  }

  /** The names that could not be deleted, each with its error. At most 1,000 names. */
  async deleteMany(names: readonly string[], deed: Deed): Promise<ReadonlyMap<string, Error>> {
    const command = new DeleteObjectsCommand({
      ...this.#bucket,
      // Not quiet: what is not named in the answer was not deleted.
      Delete: { Objects: names.map((Key) => ({ Key })), Quiet: false },
    });
    const reply = await this.#call(deed, (http) => this.#client.send(command, http));
    const done = new Set((reply.Deleted ?? []).map(({ Key }) => Key));
    const errors = new Map((reply.Errors ?? []).map((error) => [error.Key, error]));
    const failed = new Map<string, Error>();
    for (const name of names) {
      if (done.has(name)) continue;
      const { Code, Message } = errors.get(name) ?? strangeAnswer;
      if (Code === "NoSuchKey") continue;
      failed.set(name, this.#error({ name: Code ?? "Error", message: Message ?? "" }, deed));
    }
    return failed;
  }

  /**
   * ETag and write id, or undefined when the object is not there. The answers to HEAD have no body, so
   * that a refusal does not say why, nor a 404 whether the object or the whole bucket is missing: then
   * the bucket is asked, whose answer does.
   */
  async head(name: string, deed: Deed): Promise<Head | undefined> {
    try {
      return await this.#run(deed, async (http) => {
        const reply = await this.#client.send(
          new HeadObjectCommand({ ...this.#bucket, Key: name }),
          http,
        );
        return { version: etagOf(reply), writeId: reply.Metadata?.[writeIdName] };
      });
    } catch (error) {
      const { status } = failureOf(error);
      const mute = status !== undefined && status >= 300 && status < 500;
      if (!mute || deed.signal?.aborted) throw this.#error(error, deed);
      if (status !== 404 || !this.#seen) await this.check(name, deed);
      if (status === 404) return undefined;
      throw this.#error(error, deed);
    }
  }

  /** Resolves when the bucket is there and can be listed: the cheapest request whose failures say why. */
  async check(prefix: string, deed: Deed): Promise<void> {
    await this.#list({ Prefix: prefix, MaxKeys: 1 }, deed);
  }

  /** The server's clock, from the `Date` of an answer; this machine's where the answer has none. */
  async time(prefix: string, deed: Deed): Promise<Date> {
    let date: string | undefined;
    const command = new ListObjectsV2Command({ ...this.#bucket, Prefix: prefix, MaxKeys: 1 });
    command.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const { headers } = answer.response as { headers?: Readonly<Record<string, string>> };
        date = headers?.date;
        return answer;
      },
      { step: "deserialize", name: "lailaServerTime" },
    );
    await this.#call(deed, (http) => this.#client.send(command, http));
    const time = Date.parse(date ?? "");
    return Number.isNaN(time) ? new Date() : new Date(time);
  }

  async list(prefix: string, token: string | undefined, deed: Deed): Promise<Page> {
    // Encoded, because names of others' objects may hold characters that XML cannot.
    const reply = await this.#list(
      { Prefix: prefix, EncodingType: "url", ContinuationToken: token },
      deed,
    );
    const plain = reply.EncodingType === "url" ? decodeListed : (name: string) => name;
    const names = (reply.Contents ?? []).map(({ Key = "" }) => plain(Key));
    const next = reply.IsTruncated === true ? reply.NextContinuationToken : undefined;
    if (reply.IsTruncated === true && (next === undefined || next === token)) {
      throw placedError(
        "UNAVAILABLE",
        "was cut: the server says that there is more, and not where it goes on. Try again, or use another server.",
        deed,
        this.place,
      );
    }
    return { names, next };
  }

  #list(
    input: Omit<ListObjectsV2CommandInput, "Bucket">,
    deed: Deed,
  ): Promise<ListObjectsV2CommandOutput> {
    const command = new ListObjectsV2Command({ ...this.#bucket, ...input });
    return this.#call(deed, async (http) => {
      const reply = await this.#client.send(command, http);
      // A web page reads like an empty listing; a listing says whether it is whole.
      if (reply.IsTruncated === undefined) throw notS3();
      return reply;
    });
  }

  /** One request within the connections' limit, its failure as a LailaError. */
  async #call<T>(deed: Deed, send: (http: Http) => Promise<T>): Promise<T> {
    try {
      return await this.#run(deed, send);
    } catch (error) {
      throw this.#error(error, deed);
    }
  }

  get #bucket(): { readonly Bucket: string } {
    return { Bucket: this.place.bucket };
  }

  async #run<T>({ signal }: Deed, send: (http: Http) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(this.place);
    const result = await this.#links.run(signal, (abortSignal) =>
      this.#slots.run(() => send({ abortSignal }), abortSignal),
    );
    this.#seen = true;
    return result;
  }

  #error(error: unknown, deed: Deed): Error {
    if (this.#closed) return closedError(this.place);
    const told = requestError(error, deed, this.place);
    if (told.code === "NO_SUCH_STORE") this.#seen = false;
    return told;
  }

  /** Ended early at the same byte each time, it is the value that is short, and not the connection. */
  #brokenBody(error: BrokenBody, all: readonly BrokenBody[], deed: Deed): Error {
    const failure = failureOf(error.cause, this.place.secrets);
    const sameEnd = all.every(
      ({ kind, received }) => kind === "short" && received === error.received,
    );
    if (error.kind === "short" && !sameEnd) return this.#error(error.cause, deed);
    const how =
      error.kind === "mismatch"
        ? "its bytes do not have the checksum they were stored with"
        : `it ends after ${error.received} bytes, before its declared length`;
    const told = `gave a damaged value ${all.length} times: ${how}. Write it again, or restore it from a copy.`;
    return placedError("CORRUPT", told, deed, this.place, { failure });
  }
}

const strangeAnswer = { Code: "NotAnS3Answer", Message: "the answer is no S3 server's" };

function notS3(): Error {
  return Object.assign(new Error(strangeAnswer.Message), { name: strangeAnswer.Code });
}

/** Every S3 server gives one for what it stored; what gives none has stored nothing. */
function etagOf({ ETag }: { readonly ETag?: string | undefined }): Version {
  if (ETag === undefined || ETag === "") throw notS3();
  return ETag;
}

function closedError({ bucket }: Place): LailaError {
  return new LailaError(
    "CLOSED",
    `The pool of bucket ${bucket} is closed. Make a new one to go on.`,
  );
}

/** A name as listings with `encoding-type=url` give it. One that does not decode is none of ours. */
function decodeListed(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}
