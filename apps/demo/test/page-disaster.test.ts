import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { globalIdOf } from "@laila/schema";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Life, Setup } from "../src/api.js";
import { axe, inBrowser, openPage, startDemo } from "./browser.js";

const run = promisify(execFile);

inBrowser("the disaster", () => {
  it("takes everything, and a name brings it back", async () => {
    const page = await openPage(await startDemo(), { refused: /^503 / });
    const before = await get<Setup>(page, "setup");
    const { pid, folder } = await get<Life>(page, "life");
    await page.getByRole("link", { name: "Disaster" }).click();
    await page.getByText("data.h5", { exact: true }).first().waitFor();
    expect(await axe(page)).toEqual([]);

    await page.getByRole("button", { name: "Kill it" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: /^Delete the HDF5 file/ }).check();
    await dialog.getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("heading", { name: "Everything on this machine is gone" }).waitFor();
    expect(() => process.kill(pid as number, 0)).toThrow("ESRCH");
    expect(existsSync(join(folder, "data.h5"))).toBe(false);
    await page.locator(".policy-picture.lost").waitFor();
    expect(await codeOf(page, "Command")).toContain(`kill -9 ${pid}`);
    expect(await axe(page)).toEqual([]);

    // Every other view says so, and leads here.
    for (const place of ["Set-up", "Entries", "Manifests", "Environment"]) {
      await page.getByRole("navigation").getByRole("link", { name: place }).click();
      await page.getByRole("alert").getByText("The set-up is down.").waitFor();
    }
    await page.getByRole("link", { name: "Recover it" }).click();

    const name = page.getByRole("textbox", { name: "The name it was saved under" });
    await name.fill("dmeo");
    await name.press("Enter");
    await page.getByText("NOT_FOUND", { exact: true }).waitFor();
    await page.getByText("it could not be recovered").waitFor();
    expect(await axe(page)).toEqual([]);

    await name.fill("demo");
    await name.press("Enter");
    const heading = page.getByRole("heading", { name: "The set-up is back" });
    await heading.waitFor();
    const isFocused = () => heading.evaluate((element) => element === document.activeElement);
    await expect.poll(isFocused, { timeout: 20_000 }).toBe(true);
    const steps = page.getByRole("region", { name: "The recovery" }).getByRole("listitem");
    await expect.poll(() => steps.count()).toBe(6);
    await expect.poll(() => steps.last().textContent()).toMatch(/temperature.*\d m?s1 round trip$/);
    await expect
      .poll(() => page.getByRole("status").allTextContents())
      .toContainEqual(
        expect.stringMatching(/^[\d.]+ s.*the set-up is back, 4 round trips to the bucket$/),
      );
    await page.getByText("Equal to the original: yes").waitFor();
    // Not more than is true.
    await page.getByText(/^files, MemoryPool: there again and empty/).waitFor();
    await page.getByText(/^local, scratch: caches, filled again/).waitFor();
    // The array, plotted again.
    await page.getByRole("region", { name: "What came back" }).locator("canvas").first().waitFor();
    await page.locator(".policy-picture:not(.lost) .glow").first().waitFor({ state: "attached" });
    expect(await axe(page)).toEqual([]);
    expect((await get<Setup>(page, "setup")).environment).toEqual(before.environment);
    expect((await get<Life>(page, "life")).pid).not.toBe(pid);
  });

  it("goes on where it was when the page is loaded anew; files that nobody deleted stay", async () => {
    const demo = await startDemo();
    const page = await openPage(demo, { at: "#/disaster", refused: /^503 / });
    const other = await openPage(demo, { refused: /^503 / });
    await page.getByRole("button", { name: "Kill it" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: /^Delete the HDF5 file/ }).uncheck();
    await dialog.getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("heading", { name: "The process is gone" }).waitFor();
    await other.getByRole("alert").getByText("The set-up is down.").waitFor();
    const { folder } = await get<Life>(page, "life");
    expect(existsSync(join(folder, "laila.config.json"))).toBe(true);
    await page.reload();
    await page.getByRole("heading", { name: "The process is gone" }).waitFor();
    await page.getByRole("textbox", { name: "The name it was saved under" }).fill("demo");
    await page.getByRole("button", { name: "Recover from the bucket" }).click();
    await page.getByText("Equal to the original: yes").waitFor();
    await page.getByText(/^MemoryPool: there again and empty/).waitFor();
    await page.getByText(/^scratch: a cache, filled again/).waitFor();
    await page.getByRole("button", { name: "Kill it again" }).waitFor();
    await other.getByRole("alert").waitFor({ state: "detached" });
    await other.locator(".policy-picture:not(.lost) .glow").first().waitFor({ state: "attached" });
  });

  it("brings the set-up back, also when the array that it remembers is damaged in the bucket", async () => {
    const page = await openPage(await startDemo(), { at: "#/disaster", refused: /^503 / });
    const { environment } = await get<Setup>(page, "setup");
    const bucket = environment.policy.central.memory.pool_router.pools_nicknames.bucket as string;
    const key = globalIdOf("temperature");
    await page.evaluate(
      (path) => fetch(`./api/${path}`, { method: "POST" }),
      `pools/${encodeURIComponent(bucket)}/entries/${encodeURIComponent(key)}/damage`,
    );
    await page.getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("textbox", { name: "The name it was saved under" }).fill("demo");
    await page.keyboard.press("Enter");
    await page.getByText("Equal to the original: yes").waitFor();
    const steps = page.getByRole("region", { name: "The recovery" }).getByRole("listitem");
    await steps.filter({ hasText: "temperature" }).getByText("CORRUPT", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Kill it again" }).waitFor();
    expect((await get<Life>(page, "life")).state).toBe("running");
  });

  it("shows code that recovers the same set-up elsewhere, as it stands", async () => {
    const page = await openPage(await startDemo(), { at: "#/disaster", refused: /^503 / });
    const { folder } = await get<Life>(page, "life");
    await page.getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Kill it" }).click();
    await page.getByRole("textbox", { name: "The name it was saved under" }).fill("demo");
    await page.keyboard.press("Enter");
    await page.getByText("Equal to the original: yes").waitFor();
    const typescript = await codeOf(page, "TypeScript");
    const command = await codeOf(page, "Command");

    const elsewhere = await mkdtemp(join(tmpdir(), "laila-elsewhere-"));
    const env = { PATH: process.env.PATH, HOME: elsewhere };
    try {
      await copyFile(join(folder, "secrets.toml"), join(elsewhere, "secrets.toml"));
      await mkdir(join(elsewhere, "node_modules/@laila"), { recursive: true });
      const { resolve } = createRequire(import.meta.url);
      for (const name of ["core", "pool-fs", "pool-hdf5", "pool-s3"]) {
        const from = dirname(resolve(`@laila/${name}/package.json`));
        await symlink(from, join(elsewhere, "node_modules/@laila", name));
      }
      await writeFile(join(elsewhere, "pasted.mjs"), `${typescript}\nawait laila.close();`);
      const { stdout } = await run(process.execPath, ["pasted.mjs"], { cwd: elsewhere, env });
      for (const name of ["bucket", "local", "files", "scratch"]) expect(stdout).toContain(name);

      const laila = join(folder, "node_modules/.bin/laila");
      const words = command.split(" ").slice(1);
      const told = await run(process.execPath, [laila, ...words], { cwd: elsewhere, env });
      expect(told.stderr + told.stdout).toContain("5 pools opened");
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });
});

/** What the panel "The code" shows. */
async function codeOf(page: Page, title: "TypeScript" | "Command"): Promise<string> {
  const panel = page.getByRole("region", { name: "The code" });
  const button = panel.getByRole("button", { name: /^The code/ });
  if ((await button.getAttribute("aria-expanded")) === "false") await button.click();
  const block = panel.locator(".code-block").filter({ hasText: title });
  const text = (await block.locator("pre").textContent()) ?? "";
  await button.click();
  return text;
}

async function get<T>(page: Page, path: string): Promise<T> {
  return page.evaluate(async (to) => (await fetch(`./api/${to}`)).json(), path);
}
