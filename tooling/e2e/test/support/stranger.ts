import { channel } from "node:diagnostics_channel";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A host of somebody else's that records whatever reaches it, connections without a request included. */
export class Stranger {
  readonly received: string[] = [];
  /** What it answers; a 404 unless said. */
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => {
    response.writeHead(404).end();
  };
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("latin1");
        const head = `${request.method} ${request.url} ${JSON.stringify(request.headers)}`;
        this.received.push(`${head} ${body}`);
        this.answer(request, response);
      });
    });
    this.#server.on("connection", () => this.received.push("connection"));
  }

  async listen(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** Runs something, and gives the ports and paths that this process opened a socket for meanwhile. */
export async function socketsOpened(act: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const onSocket = (message: unknown): void => {
    if ((message as { socket?: Socket }).socket) count++;
  };
  const sockets = channel("net.client.socket");
  sockets.subscribe(onSocket);
  try {
    await act();
  } finally {
    sockets.unsubscribe(onSocket);
  }
  return count;
}
