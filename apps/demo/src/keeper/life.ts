import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Failure, Life as LifeState, RecoverStep } from "../api.js";
import { startChild } from "../child.js";
import { failureOf, ToldFailure } from "../failure.js";
import type { FromSetup, ToSetup } from "../messages.js";
import type { Events } from "./events.js";
import type { Folder } from "./folder.js";

export interface LifeOptions {
  readonly folder: Folder;
  readonly events: Events;
  readonly name: string;
  readonly endpoint: string | null;
  readonly bucket: string;
}

/** Where the running set-up answers, and what it wants to be told first. */
export interface Address {
  readonly port: number;
  readonly token: string;
}

/** The process of the set-up: starts it, kills it, and has a fresh one recover what is gone. */
export class Life {
  readonly #options: LifeOptions;
  #state: LifeState["state"] = "starting";
  #since = new Date();
  #failure: Failure | null = null;
  #child: ChildProcess | undefined;
  #address: Address | undefined;
  #there: string | undefined;
  #isKilling = false;
  #hasEnded = false;
  #equipped = Promise.resolve();

  constructor(options: LifeOptions) {
    this.#options = options;
    setInterval(() => void this.#lookForFiles(), 1_000).unref();
  }

  /** Undefined while there is nobody to ask. */
  get address(): Address | undefined {
    return this.#state === "running" ? this.#address : undefined;
  }

  async state(): Promise<LifeState> {
    const { folder, name, endpoint, bucket } = this.#options;
    const files = await folder.files();
    return {
      state: this.#state,
      pid: this.#child?.pid ?? null,
      since: this.#since.toISOString(),
      ...{ name, endpoint, bucket, folder: folder.path, files },
      failure: this.#failure,
    };
  }

  /** A process with the sample set-up. Throws what it could not be built for. */
  async start(sample: { readonly pools: number; readonly entries: number }): Promise<void> {
    const { name } = this.#options;
    const token = newToken();
    await this.#become({ type: "sample", token, name, ...sample }, () => undefined);
    this.#turn("running");
  }

  /** SIGKILL: no warning, no last word. */
  async kill({ deleteFiles }: { readonly deleteFiles: boolean }): Promise<void> {
    if (this.#state === "starting" || this.#state === "recovering")
      throw conflict("Wait until the set-up runs.");
    if (this.#isKilling) throw conflict("It is being killed already.");
    this.#isKilling = true;
    try {
      const child = this.#child;
      this.#leave();
      if (child) await ended(child, "SIGKILL");
      if (deleteFiles) await this.#options.folder.deleteLocal();
    } finally {
      this.#isKilling = false;
      this.#turn("down");
    }
  }

  /** A fresh process, with credentials and a name. When a step fails, it is down again: all but the last one. */
  async recover(name: string, told: (step: RecoverStep) => void): Promise<void> {
    if (this.#isKilling) throw conflict("Wait until what is being killed is gone.");
    if (this.#state === "recovering") throw conflict("It is being recovered already.");
    if (this.#state !== "down") throw conflict("Nothing is lost: the set-up runs.");
    this.#turn("recovering");
    try {
      await this.#become({ type: "recover", token: newToken(), name }, told);
      this.#turn("running");
    } catch (error) {
      this.#turn("down");
      throw error;
    }
  }

  /** For good. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    // Why it failed is told by who wanted the process.
    await this.#equipped.catch(() => undefined);
    const child = this.#child;
    this.#leave();
    if (child) await ended(child, "SIGTERM");
  }

  /** Resolves when the child answers requests. */
  async #become(what: ToSetup, told: (step: RecoverStep) => void): Promise<void> {
    const began = performance.now();
    this.#equipped = this.#options.folder.equip();
    await this.#equipped;
    if (this.#hasEnded) throw conflict("The demo is ending.");
    const process = {
      step: "process",
      title: "A fresh process starts, with credentials and a name",
    } as const;
    told({ ...process, ms: null, requests: 0, detail: null });
    const child = startChild("setup", {
      folder: this.#options.folder.path,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    try {
      const port = await new Promise<number>((resolve, reject) => {
        child.on("message", (message: FromSetup) => {
          switch (message.type) {
            case "hello": {
              const ms = performance.now() - began;
              told({ ...process, ms, requests: 0, detail: `Process ${child.pid}` });
              child.send(what);
              break;
            }
            case "step":
              told(message.step);
              break;
            case "ready":
              resolve(message.port);
              break;
            case "failed":
              reject(new ToldFailure(message.failure));
              break;
            default:
              this.#passOn(message);
          }
        });
        child.once("error", reject);
        child.once("exit", (code, signal) => reject(died(code, signal)));
      });
      this.#address = { port, token: what.token };
      child.once("exit", (code, signal) => this.#fell(child, code, signal));
    } catch (error) {
      this.#leave();
      await ended(child, "SIGKILL");
      throw error;
    }
  }

  #passOn(message: Extract<FromSetup, { type: "operations" | "setup" }>): void {
    const { events } = this.#options;
    if (message.type === "operations") events.operations(message.event);
    else events.setup({ digest: message.digest });
  }

  /** Nobody killed it: it died by itself. */
  #fell(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.#child !== child) return;
    this.#leave();
    this.#turn("down", failureOf(died(code, signal)));
  }

  /** A file that has come or gone is told of: the HDF5 file comes some time after its journal. */
  async #lookForFiles(): Promise<void> {
    const { events } = this.#options;
    if (events.listeners === 0) return;
    const life = await this.state();
    const there = life.files.flatMap(({ name, bytes }) => (bytes === null ? [] : name)).join();
    if (there !== this.#there && this.#there !== undefined) events.life(life);
    this.#there = there;
  }

  #leave(): void {
    this.#child = undefined;
    this.#address = undefined;
  }

  #turn(state: LifeState["state"], failure: Failure | null = null): void {
    this.#state = state;
    this.#since = new Date();
    this.#failure = failure;
    void this.state().then((life) => this.#options.events.life(life));
  }
}

const patienceMs = 5_000;

/** Ends a process, and waits until it is gone. */
async function ended(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  const impatient = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await gone;
  clearTimeout(impatient);
}

function conflict(message: string): ToldFailure {
  return new ToldFailure({ code: "CONFLICT", message });
}

function died(code: number | null, signal: string | null): Error {
  const how = signal === null ? `exit code ${code}` : signal;
  return new Error(`The process of the set-up ended by itself (${how}). Recover it.`);
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
