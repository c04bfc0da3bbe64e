import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, describe, expect } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Debian's Chromium, or the one that the variable names; undefined where there is none. */
const executable = [
  process.env.LAILA_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** Tests in a real browser. Without one they are reported as skipped, and it is said aloud. */
export function inBrowser(title: string, define: () => void): void {
  if (!executable)
    console.warn(`Chromium was NOT found: "${title}" was not tried. LAILA_CHROMIUM names one.`);
  describe.skipIf(!executable)(title, define);
}

export interface Demo {
  /** With its token. */
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** The demo as people start it: `npm run demo -- …args`. It is stopped behind the file's last test. */
export async function startDemo(args: readonly string[] = []): Promise<Demo> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const demo: Demo = {
    url: await addressOf(child),
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
  started.push(demo);
  return demo;
}

const started: Demo[] = [];
let browser: Promise<Browser> | undefined;
let wrong: string[] = [];

afterEach(() => {
  const found = wrong;
  wrong = [];
  expect(found, "what the page's console and network complained about").toEqual([]);
});

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
  await Promise.all(started.splice(0).map((demo) => demo.stop()));
});

export interface PageOptions {
  readonly isDark?: boolean;
  /** 390 × 844 with touch, in place of 1440 × 900. */
  readonly isPhone?: boolean;
  /** The place in the page, such as `#/entries`. */
  readonly at?: string;
  /** Answers that the test provokes, as `503 /api/setup`; any other 4xx and 5xx fails the test. */
  readonly refused?: RegExp;
}

/** The page in a fresh profile. What its console complains about, or asks of other hosts, fails the test. */
export async function openPage({ url }: Demo, options: PageOptions = {}): Promise<Page> {
  const { isDark = false, isPhone = false, at = "", refused } = options;
  browser ??= chromium.launch({
    executablePath: executable!,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
  });
  const context = await (await browser).newContext({
    colorScheme: isDark ? "dark" : "light",
    viewport: isPhone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    hasTouch: isPhone,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const origin = new URL(url).origin;
  page.on("console", (message) => {
    // Refused requests are told of by their answers, below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.origin !== origin) wrong.push(`asked ${to.origin}`);
  });
  page.on("response", (response) => {
    const told = `${response.status()} ${new URL(response.url()).pathname}`;
    if (response.status() >= 400 && !refused?.test(told)) wrong.push(told);
  });
  await page.goto(url);
  if (at !== "") await page.goto(new URL(at, page.url()).href);
  return page;
}

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** What axe-core finds that is serious or critical, as lines; a test expects none. */
export async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as { axe: typeof import("axe-core") }
    ).axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
  });
}

async function addressOf({ stdout, pid }: ChildProcess): Promise<string> {
  const said: string[] = [];
  if (stdout)
    for await (const line of createInterface({ input: stdout })) {
      said.push(line);
      const address = /http:\/\/\S+\?token=\S+/.exec(line)?.[0];
      if (address) {
        stdout.resume();
        return address;
      }
    }
  throw new Error(`The demo (process ${pid}) ended without an address:\n${said.join("\n")}`);
}
