import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { S3Error } from "./errors.js";
import type { Fault, FaultHook } from "./faults.js";
import { type Reply, sendReply } from "./reply.js";
import { parseRequest, type S3Request } from "./request.js";
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
}

const maxLogEntries = 10_000;

/** HTTP around the service: requests in, signatures verified, replies, errors and faults out. */
export class HttpFront {
  readonly log: RequestLogEntry[] = [];
  fault: FaultHook | undefined;
  readonly #service: Service;
  readonly #verifier: SignatureVerifier;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(service: Service, credentials: Credentials) {
    this.#service = service;
    this.#verifier = new SignatureVerifier(credentials);
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
    const entry = { method: incoming.method ?? "", path: "", operation: "Unknown", status: 0 };
    entry.path = incoming.url?.split("?", 1)[0] ?? "";
    this.#record(entry);
    let reply: Reply;
    let fault: Fault | undefined;
    try {
      const request = parseRequest(incoming);
      entry.operation = operationOf(request);
      fault = this.fault?.({ ...request, path: request.rawPath, operation: entry.operation });
      if (fault === "reset") return reset(incoming);
      reply = await this.#answer(request, entry.operation, fault, () => {
        // Refused without it, the connection ends with the answer: Node sees to that.
        if (expectsContinue) response.writeContinue();
      });
    } catch (error) {
      reply = errorReply(error, entry.path, requestId);
    }
    if (fault === "reset-after-commit") {
      if (typeof reply.body === "object") await reply.body.handle.close();
      return reset(incoming);
    }
    entry.status = reply.status;
    response.setHeader("x-amz-request-id", requestId);
    response.setHeader("server", "laila-s3-server");
    await sendReply(response, reply, incoming.method === "HEAD");
    incoming.resume();
  }

  async #answer(
    request: S3Request,
    operation: string,
    fault: Fault | undefined,
    goOn: () => void,
  ): Promise<Reply> {
    if (typeof fault === "object" && "delayMs" in fault) {
      await sleep(fault.delayMs, undefined, { signal: this.#closing.signal });
    }
    if (typeof fault === "object" && "code" in fault) {
      throw new S3Error(fault.code, "This error was asked for.", { status: fault.status });
    }
    const payload = this.#verifier.verify(request);
    goOn();
    return perform(this.#service, operation, request, payload);
  }

  #record(entry: RequestLogEntry): void {
    if (this.log.length >= maxLogEntries) this.log.splice(0, maxLogEntries / 10);
    this.log.push(entry);
  }
}

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
