import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/**
 * As much of WebDAV (RFC 4918) as OpenDAL uses, in memory. As on many servers a PUT shows what it has got so
 * far, and a MOVE replaces at once.
 */
export class WebDAVServer {
  readonly #files = new Map<string, Buffer>();
  readonly #directories = new Set(["/"]);
  readonly #server: Server;
  readonly #authorization: string;

  constructor(username: string, password: string) {
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? "/");
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const end = (status: number, content: Buffer | string = ""): void => {
      response.writeHead(status).end(content);
    };
    if (request.headers.authorization !== this.#authorization) return end(401);
    const file = this.#files.get(path);
    const parent = `${path.replace(/\/$/, "").split("/").slice(0, -1).join("/")}/`;
    switch (request.method) {
      case "GET":
        return file ? end(200, file) : end(404);
      case "PUT":
        if (!this.#directories.has(parent)) return end(409);
        await this.#put(path, Buffer.concat(body));
        return end(201);
      case "DELETE":
        this.#directories.delete(path);
        return end(this.#files.delete(path) ? 204 : 404);
      case "MKCOL":
        if (this.#directories.has(path)) return end(405);
        this.#directories.add(path);
        return end(this.#directories.has(parent) ? 201 : 409);
      case "MOVE": {
        const to = decodeURIComponent(new URL(String(request.headers.destination)).pathname);
        if (!file) return end(404);
        this.#files.set(to, file);
        this.#files.delete(path);
        return end(201);
      }
      case "PROPFIND": {
        const found = this.#find(path, request.headers.depth !== "0");
        return found ? end(207, multistatus(found)) : end(404);
      }
      default:
        return end(405);
    }
  }

  async #put(path: string, content: Buffer): Promise<void> {
    this.#files.set(path, content.subarray(0, content.length / 2));
    await turn();
    this.#files.set(path, content);
  }

  #find(path: string, children: boolean): Map<string, number | undefined> | undefined {
    const file = this.#files.get(path);
    if (file) return new Map([[path, file.length]]);
    const directory = path.endsWith("/") ? path : `${path}/`;
    if (!this.#directories.has(directory)) return undefined;
    const found = new Map<string, number | undefined>([[directory, undefined]]);
    if (!children) return found;
    const inside = (name: string) =>
      name.startsWith(directory) && /^[^/]+\/?$/.test(name.slice(directory.length));
    for (const name of this.#directories) if (inside(name)) found.set(name, undefined);
    for (const [name, { length }] of this.#files) if (inside(name)) found.set(name, length);
    return found;
  }
}

/** Of directories (without a length) and files. */
function multistatus(found: ReadonlyMap<string, number | undefined>): string {
  const modified = "<D:getlastmodified>Sat, 01 Jan 2022 00:00:00 GMT</D:getlastmodified>";
  const responses = [...found].map(([path, length]) => {
    const href = path.split("/").map(encodeURIComponent).join("/");
    const kind =
      length === undefined
        ? "<D:resourcetype><D:collection/></D:resourcetype>"
        : `<D:resourcetype/><D:getcontentlength>${length}</D:getcontentlength>`;
    return `<D:response><D:href>${href}</D:href><D:propstat><D:prop>${modified}${kind}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:">${responses.join("")}</D:multistatus>`;
}
