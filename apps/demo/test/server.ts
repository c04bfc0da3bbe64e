import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Life, Setup } from "../src/api.js";
import { spellings } from "../src/terminal/bucket.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Whatever the demo answered, so that it can be searched. */
const heard: string[] = [];

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly bytes: Buffer;
  readonly text: string;
}

/** A running demo, as `npm run demo` starts it, and somebody who has opened its address. */
export class Demo {
  readonly process: ChildProcess;
  readonly #temporary: string;
  readonly url: URL;
  readonly token: string;
  cookie = "";

  constructor(process: ChildProcess, url: URL, temporary: string) {
    this.#temporary = temporary;
    this.process = process;
    this.url = url;
    this.token = url.searchParams.get("token") ?? "";
  }

  /** Any request, as it is: nothing is added but the cookie. */
  async ask(path: string, { method, body, headers = {} }: Asked = {}): Promise<Answer> {
    const payload = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const { response, chunks } = await this.open(path, {
      method: method ?? (payload === undefined ? "GET" : "POST"),
      headers,
      payload,
    });
    const all: Buffer[] = [];
    for await (const chunk of chunks) all.push(chunk);
    const bytes = Buffer.concat(all);
    heard.push(bytes.toString("latin1"), JSON.stringify(response.headers));
    const status = response.statusCode ?? 0;
    return { status, headers: response.headers, bytes, text: bytes.toString() };
  }

  /** A request whose answer is read by the caller, as fast as they like. */
  async open(
    path: string,
    { method = "GET", headers = {}, payload }: OpenOptions = {},
  ): Promise<{ response: IncomingMessage; chunks: AsyncIterable<Buffer> }> {
    const sent = request(new URL(path, this.url), {
      method,
      headers: { cookie: this.cookie, ...headers },
      agent: false,
    });
    sent.end(payload);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { response, chunks: response };
  }

  /** A JSON answer; the status is 200 or 201. */
  async json<T>(path: string, asked?: Asked): Promise<T> {
    const { status, text } = await this.ask(path, asked);
    expect([200, 201], text).toContain(status);
    return JSON.parse(text) as T;
  }

  /** The lines of an NDJSON answer. */
  async lines<T>(path: string, asked?: Asked): Promise<T[]> {
    const { status, text } = await this.ask(path, asked);
    expect(status, text).toBe(200);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T);
  }

  life(): Promise<Life> {
    return this.json("/api/life");
  }

  /** Ctrl-C: it ends well and leaves nothing behind. */
  async stop(): Promise<void> {
    const exit = once(this.process, "exit");
    this.process.kill("SIGINT");
    // npm and pnpm pass on what the terminal has sent to all of them.
    setTimeout(() => this.process.kill("SIGINT"), 10);
    const [code] = await exit;
    expect(code).toBe(0);
    // Node keeps there what it has compiled.
    const left = (await readdir(this.#temporary)).filter((name) => name !== "node-compile-cache");
    expect(left).toEqual([]);
    await rm(this.#temporary, { recursive: true });
  }

  /** The id of a pool of the live set-up, by its name. */
  async pool(name: string): Promise<string> {
    const { environment } = await this.json<Setup>("/api/setup");
    const id = environment.policy.central.memory.pool_router.pools_nicknames[name];
    expect(id, name).toBeDefined();
    return id as string;
  }
}

interface OpenOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer | undefined;
}

/** Starts a demo and opens its address; variables of its environment may come before its flags. */
export async function startDemo(
  ...given: readonly (string | Readonly<Record<string, string>>)[]
): Promise<Demo> {
  const args = given.filter((one) => typeof one === "string");
  const variables = given.filter((one) => typeof one === "object");
  const temporary = await mkdtemp(join(tmpdir(), "laila-demo-server-"));
  const child = spawn(process.execPath, [main, ...args], {
    env: Object.assign({ PATH: process.env.PATH, TMPDIR: temporary }, ...variables),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const demo = new Demo(child, await addressOf(child), temporary);
  const { headers } = await demo.ask(`/${demo.url.search}`);
  demo.cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  return demo;
}

/** No answer so far had a secret of the demo in it, in any spelling. */
export async function expectNoSecrets(demo: Demo): Promise<void> {
  const { folder } = await demo.life();
  const toml = await readFile(join(folder, "secrets.toml"), "utf8");
  const secrets = [...toml.matchAll(/^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY) = "(.+)"$/gm)];
  expect(secrets).toHaveLength(2);
  const all = heard.join("\n");
  expect(all).toContain("LAILA:POLICY:GLOBAL_ID:");
  for (const [, secret = ""] of secrets)
    for (const spelling of spellings(secret)) expect(all.includes(spelling)).toBe(false);
}

async function addressOf(child: ChildProcess): Promise<URL> {
  if (!child.stdout) throw new Error("It has no output.");
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url === undefined) continue;
    child.stdout.resume();
    return new URL(url);
  }
  throw new Error("The demo ended before it had an address.");
}
