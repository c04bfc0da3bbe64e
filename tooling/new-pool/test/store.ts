import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const pageLength = 1000;

interface Value {
  readonly body: Buffer;
  readonly etag: string;
}

/** The store that the example speaks to: one for each token, in memory, at one address. */
export class Store {
  readonly #values = new Map<string, Map<string, Value>>();
  readonly #losing = new Set<string>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  #writes = 0;

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Does the next change that somebody with this token asks for, and says nothing. */
  loseReply(token: string): void {
    this.#losing.add(token);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
    if (!token) return end(response, 401);
    const values = this.#values.get(token) ?? new Map<string, Value>();
    this.#values.set(token, values);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://store");
    const query = (name: string): string => searchParams.get(name) ?? "";
    if (pathname === "/") return end(response, 200);
    if (pathname === "/keys") {
      const keys = [...values.keys()].filter((key) => key.startsWith(query("prefix")));
      const page = keys.filter((key) => key > query("after")).sort();
      return end(response, 200, JSON.stringify(page.slice(0, pageLength)));
    }
    if (pathname !== "/value") return end(response, 404);
    const status = this.#value(values, query("key"), request, body);
    const lost = this.#losing.has(token) && /PUT|DELETE/.test(request.method ?? "");
    if (lost) {
      this.#losing.delete(token);
      response.destroy();
      return;
    }
    const found = values.get(query("key"));
    if (found) response.setHeader("etag", found.etag);
    end(response, status, request.method === "GET" ? found?.body : undefined);
  }

  #value(values: Map<string, Value>, key: string, request: IncomingMessage, body: Buffer): number {
    const found = values.get(key);
    if (request.method === "DELETE") return values.delete(key) ? 200 : 404;
    if (request.method !== "PUT") return found ? 200 : 404;
    const { "if-match": wanted, "if-none-match": none } = request.headers;
    if ((none === "*" && found) || (wanted !== undefined && wanted !== found?.etag)) return 412;
    values.set(key, { body, etag: `"${++this.#writes}"` });
    return 200;
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function end(response: ServerResponse, status: number, body?: string | Buffer): void {
  response.writeHead(status).end(body);
}
