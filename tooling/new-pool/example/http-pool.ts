import { type KeysOptions, LailaError, Pool, secret, type WriteOptions } from "@laila/pool";
import * as z from "zod";

const configSchema = z.object({
  url: z.string().regex(/^https?:\/\/[^/?#@]+$/, "must be like https://store.example.org"),
  token: secret(z.string().min(1), "STORE_TOKEN"),
});
const noAnswer = (cause: unknown): never => {
  throw new LailaError("UNAVAILABLE", "The store did not answer. Try again.", { cause });
};
const at = (key: string): string => `/value?key=${encodeURIComponent(key)}`;

/** Values in a store that speaks HTTP and decides conditions by ETag. */
export class HttpPool extends Pool<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "HttpPool";
  static readonly packageName: string = "@laila/pool-http";
  static readonly destination = ({ url }: { readonly url?: unknown }): string => String(url);

  readonly supports = {
    conditionalWrites: true, // the store compares and writes in one step
    durable: false, // it keeps values in memory
    persistent: true, // but for longer than a pool is open
    batch: false,
    streams: false,
    sharedBetweenProcesses: true,
    evicts: false,
    maxValueBytes: 2 ** 28,
    maxKeyBytes: 1024,
  };

  protected async _open() {
    await this.#call("GET /", [200]); // 404 says here: no store, which is not an empty store
  }
  protected async _read(key: string) {
    const { status, bytes, version } = await this.#call(`GET ${at(key)}`, [200, 404]);
    return status === 404 ? undefined : { bytes, version };
  }

  protected async _write(key: string, body: Uint8Array, { condition }: WriteOptions) {
    const headers: Record<string, string> = {};
    if (condition && "ifAbsent" in condition) headers["if-none-match"] = "*";
    else if (condition) headers["if-match"] = condition.ifVersion;
    const reply = await this.#call(`PUT ${at(key)}`, [200, 412], { headers, body });
    if (reply.status === 200) return reply.version;
    const details = { key, outcome: "lost" };
    throw new LailaError("CONFLICT", `Somebody else wrote ${key} first. Read it.`, { details });
  }

  protected async _delete(key: string) {
    await this.#call(`DELETE ${at(key)}`, [200, 404]);
  }
  protected async _exists(key: string) {
    return (await this.#call(`HEAD ${at(key)}`, [200, 404])).status === 200;
  }
  protected async *_keys({ prefix = "" }: KeysOptions) {
    for (let page = [""]; page.length > 0; yield* page) {
      const query = new URLSearchParams({ prefix, after: page.at(-1) ?? "" });
      const { bytes } = await this.#call(`GET /keys?${query}`, [200]);
      page = JSON.parse(new TextDecoder().decode(bytes)) as string[];
    }
  }
  protected async _close() {} // there is nothing of ours to give back

  async #call(what: string, expected: number[], more: RequestInit = {}) {
    const [method = "", path] = what.split(" ");
    const { url, token } = this.config;
    const headers = { ...more.headers, authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(30_000); // who gives up earlier is answered by the base
    const request: RequestInit = { ...more, method, headers, signal, redirect: "error" };
    const reply = await fetch(url + path, request).catch(noAnswer);
    const bytes = new Uint8Array(await reply.arrayBuffer().catch(noAnswer));
    const { status } = reply;
    if (expected.includes(status)) return { status, bytes, version: reply.headers.get("etag")! };
    const missing = status === 404 ? "NO_SUCH_STORE" : "UNAVAILABLE";
    const code = status === 401 ? "ACCESS_DENIED" : missing;
    throw new LailaError(code, `${url} answered ${status} to ${method}.`);
  }
}
