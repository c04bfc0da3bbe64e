/**
 * The pictures of the README, taken of the built demo in a real Chromium:
 *
 *     node scripts/screenshots.mjs                 # those of the README, into screenshots/
 *     node scripts/screenshots.mjs --all FOLDER    # every view, light and dark, desktop and phone
 *
 * The disaster's times are printed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */

const { all } = parseArgs({ options: { all: { type: "string" } } }).values;
const folder = all ?? fileURLToPath(new URL("../screenshots", import.meta.url));

const entry = (/** @type {string} */ nickname) => async (/** @type {Page} */ page) => {
  await page.getByRole("combobox", { name: "Pool" }).selectOption({ label: "bucket" });
  await page.getByRole("searchbox").fill(nickname);
  await page
    .getByRole("option")
    .or(page.getByRole("row"))
    .filter({ hasText: nickname })
    .first()
    .click();
  await page.waitForTimeout(1500);
};
const manifest = async (/** @type {Page} */ page) => {
  await page
    .getByRole("link", { name: /experiment/ })
    .first()
    .click();
  await page.getByRole("treeitem", { name: /^temperature / }).click();
  await page.getByRole("button", { name: "Flip a bit" }).click();
  await page.getByRole("button", { name: "Verify", exact: true }).click();
  await page.getByText(/^Not whole/).waitFor();
};
const repair = async (/** @type {Page} */ page) => {
  await page
    .getByRole("link", { name: /experiment/ })
    .first()
    .click();
  await page.getByRole("button", { name: "Repair from" }).click();
  await page.getByText(/^Mended/).waitFor();
};
const shortly = (/** @type {Page} */ page) => page.waitForTimeout(800);
const pool = async (/** @type {Page} */ page) => {
  await page.getByRole("link", { name: "local", exact: true }).click();
  await shortly(page);
};
const tab = (/** @type {string} */ name) => async (/** @type {Page} */ page) => {
  await page.getByRole("tab", { name }).click();
  await page.waitForTimeout(800);
};
const kill = async (/** @type {Page} */ page) => {
  await page.getByRole("button", { name: "Kill it" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Kill it" }).click();
  await page.getByRole("button", { name: "Recover from the bucket" }).waitFor();
};
const recover = async (/** @type {Page} */ page) => {
  await page.getByRole("textbox").fill("demo");
  await page.getByRole("button", { name: "Recover from the bucket" }).click();
  await page.locator("canvas").first().waitFor();
  await page.waitForTimeout(1000);
  const recovery = page.getByRole("region", { name: "The recovery" });
  for (const step of await recovery.getByRole("listitem").allInnerTexts())
    console.log(step.replaceAll("\n", " "));
  console.log((await recovery.locator("header").allInnerTexts()).join(" "));
};

/** In the order of the story: what an earlier one did, a later one shows. */
const scenes = /** @type {const} */ ([
  ["setup", "#/setup", async (/** @type {Page} */ page) => page.waitForTimeout(6000)],
  ["pool", "#/setup", pool],
  ["entries", "#/entries", shortly],
  ["field", "#/entries", entry("temperature")],
  ["series", "#/entries", entry("signal")],
  ["cube", "#/entries", entry("waves")],
  ["image", "#/entries", entry("photo")],
  ["tree", "#/entries", entry("station")],
  ["manifests", "#/manifests", shortly],
  ["manifest", "#/manifests", manifest],
  ["repaired", "#/manifests", repair],
  ["environment", "#/environment", shortly],
  ["history", "#/environment", tab("History")],
  ["compare", "#/environment", tab("Compare")],
  ["doctor", "#/environment", tab("Doctor")],
  ["disaster", "#/disaster", shortly],
  ["gone", "#/disaster", kill],
  ["recovered", "#/disaster", recover],
]);

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
/** Which pictures, and how each is taken. */
const takes = all
  ? [
      { name: "desktop-light", viewport: desktop, colorScheme: /** @type {const} */ ("light") },
      { name: "desktop-dark", viewport: desktop, colorScheme: /** @type {const} */ ("dark") },
      { name: "phone-light", viewport: phone, colorScheme: /** @type {const} */ ("light") },
      { name: "phone-dark", viewport: phone, colorScheme: /** @type {const} */ ("dark") },
    ]
  : [{ name: "", viewport: desktop, colorScheme: /** @type {const} */ ("light") }];
const shown = all ? undefined : new Set(["setup", "field", "recovered"]);

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.LAILA_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
});
try {
  for (const { name, ...look } of takes) {
    const demo = spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const page = await (await browser.newContext(look)).newPage();
      await page.goto(await addressOf(demo.stdout));
      for (const [scene, at, act] of scenes) {
        if (shown && !shown.has(scene) && scene !== "gone") continue;
        await page.goto(new URL(at, page.url()).href);
        await act(page);
        if (shown && !shown.has(scene)) continue;
        const file = [scene, name].filter((part) => part !== "").join("-");
        await page.screenshot({ path: join(folder, `${file}.png`) });
      }
    } finally {
      demo.kill("SIGTERM");
      await once(demo, "exit");
    }
  }
} finally {
  await browser.close();
}

async function addressOf(/** @type {import("node:stream").Readable} */ stdout) {
  for await (const line of createInterface({ input: stdout })) {
    const address = /http:\/\/\S+\?token=\S+/.exec(line)?.[0];
    if (address) {
      stdout.resume();
      return address;
    }
  }
  throw new Error("The demo ended without an address.");
}
