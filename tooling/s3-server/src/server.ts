import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { S3Error } from "./errors.js";
import {
  brokenOff,
  faultyReply,
  faultyRequestBody,
  isSlowOrCut,
  sendSlowOrCut,
} from "./fault-bodies.js";
import { type Fault, type FaultHook, faultName } from "./faults.js";
import { type Reply, release, sendReply } from "./reply.js";
import { parseRequest, queryValue, type S3Request } from "./request.js";
import { operationOf, perform, type Service } from "./routing.js";
import { type Credentials, SignatureVerifier } from "./signature.js";
import { document } from "./xml.js";

/** One request as the log has it. */
export interface RequestLogEntry {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  /** The operation's name in the S3 API, such as "PutObject". */
  readonly operation: string;
  /** 0 while there is no answer, and for good if there never was one. */
  readonly status: number;
  /** What was done to it on purpose: a {@link Fault}'s name or code. */
  readonly fault: string | undefined;
}

const maxLogEntries = 10_000;

/** HTTP around the service: requests in, signatures verified, replies, errors and faults out. */
export class HttpFront {
  readonly log: RequestLogEntry[] = [];
  /** How many requests of each operation have begun. */
  readonly counts = new Map<string, number>();
  fault: FaultHook | undefined;
  /** In milliseconds: what every request waits before it is looked at. */
  latency = 0;
  readonly #service: Service;
  readonly #verifier: SignatureVerifier;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(service: Service, credentials: Credentials) {
    this.#service = service;
    this.#verifier = new SignatureVerifier(credentials);
    // Every request that waits listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 });
    this.#server.on("request", (incoming, response) => this.#start(incoming, response, false));
    this.#server.on("checkContinue", (incoming, response) => this.#start(incoming, response, true));
    this.#server.on("clientError", (_error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      else socket.destroy();
    });
  }

  /** Listens on the loopback interface only; resolves to the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection, and waits until no request is at work any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([closed, ...this.#running]);
  }

  #start(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    // A connection that breaks is found where it is read or written; without a listener it would
    // end the process.
    incoming.on("error", () => undefined);
    response.on("error", () => undefined);
    const work = this.#handle(incoming, response, expectsContinue).catch(() => {
      response.destroy();
    });
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  async #handle(
    incoming: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> {
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    const path = incoming.url?.split("?", 1)[0] ?? "";
    const entry: Writable<RequestLogEntry> = {
      method: incoming.method ?? "",
      path,
      operation: "Unknown",
      status: 0,
      fault: undefined,
    };
    this.#record(entry);
    if (this.latency > 0 && !(await this.#stays(incoming, this.latency))) return;
    let reply: Reply;
    let fault: Fault | undefined;
    try {
      const request = parseRequest(incoming);
      entry.operation = operationOf(request);
      this.counts.set(entry.operation, (this.counts.get(entry.operation) ?? 0) + 1);
      fault = await this.#faultOf(request, entry.operation);
      if (fault !== undefined) entry.fault = faultName(fault);
      const length = Number(request.headers["content-length"] ?? 0);
      if (typeof fault === "object" && "delayMs" in fault) {
        if (!(await this.#stays(incoming, fault.delayMs))) return;
      }
      if (fault === "reset" || (fault === "reset-in-request" && length === 0)) {
        return reset(incoming);
      }
      const body = faultyRequestBody(request.body, length, fault);
      const attempt = { request: { ...request, body }, operation: entry.operation, fault };
      reply = await this.#answer(attempt, () => {
        // Refused without it, the connection ends with the answer: Node sees to that.
        if (expectsContinue) response.writeContinue();
      });
    } catch (error) {
      if (error === brokenOff) return reset(incoming);
      reply = errorReply(error, entry.path, requestId);
    }
    const hasBody = reply.body !== undefined && incoming.method !== "HEAD" && lengthOf(reply) > 0;
    if (fault === "reset-after-commit" || (fault === "reset-in-reply" && !hasBody)) {
      await release(reply);
      return reset(incoming);
    }
    entry.status = reply.status;
    response.setHeader("x-amz-request-id", requestId);
    response.setHeader("server", "laila-s3-server");
    if (typeof fault === "object" && "clockSkewMs" in fault) {
      response.setHeader("date", new Date(Date.now() + fault.clockSkewMs).toUTCString());
    }
    if (hasBody && isSlowOrCut(fault)) {
      await sendSlowOrCut(response, reply, fault, this.#closing.signal);
    } else {
      const head = incoming.method === "HEAD";
      await sendReply(response, hasBody ? await faultyReply(reply, fault) : reply, head);
    }
    incoming.resume();
  }

  #faultOf(request: S3Request, operation: string): ReturnType<FaultHook> {
    const { method, rawPath: path, bucket, key, headers } = request;
    const partNumber = queryValue(request, "partNumber");
    return this.fault?.({ method, path, bucket, key, headers, operation, partNumber });
  }

  async #answer({ request, operation, fault }: Attempt, goOn: () => void): Promise<Reply> {
    if (typeof fault === "object" && "code" in fault) {
      throw new S3Error(fault.code, "This error was asked for.", { status: fault.status });
    }
    const skew = typeof fault === "object" && "clockSkewMs" in fault ? fault.clockSkewMs : 0;
    const payload = this.#verifier.verify(request, Date.now() + skew);
    goOn();
    return perform(this.#service, operation, request, payload);
  }

  /** Waits. False when the client has gone meanwhile: then nothing is done. */
  async #stays(incoming: IncomingMessage, milliseconds: number): Promise<boolean> {
    await sleep(milliseconds, undefined, { signal: this.#closing.signal });
    return !incoming.socket.destroyed;
  }

  #record(entry: RequestLogEntry): void {
    if (this.log.length >= maxLogEntries) this.log.splice(0, maxLogEntries / 10);
    this.log.push(entry);
  }
}

interface Attempt {
  readonly request: S3Request;
  readonly operation: string;
  readonly fault: Fault | undefined;
}

type Writable<T> = { -readonly [name in keyof T]: T[name] };

const lengthOf = ({ body }: Reply): number => body?.length ?? 0;

function reset(incoming: IncomingMessage): void {
  incoming.socket.resetAndDestroy();
}

function errorReply(error: unknown, path: string, requestId: string): Reply {
  const refusal =
    error instanceof S3Error
      ? error
      : new S3Error("InternalError", error instanceof Error ? error.message : String(error));
  if (refusal.status === 304) return { status: 304, headers: refusal.headers };
  const { code, message, details } = refusal;
  const content = {
    Code: code,
    Message: message,
    ...details,
    Resource: path,
    RequestId: requestId,
  };
  return {
    status: refusal.status,
    headers: { "content-type": "application/xml", ...refusal.headers },
    body: document("Error", content, false),
  };
}
