import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Life } from "../src/api.js";
import { axe, inBrowser, openPage, startDemo } from "./browser.js";

inBrowser("the environment", () => {
  it("is saved when it has changed, compared, labelled and rolled back", async () => {
    const page = await openPage(await startDemo(), { at: "#/environment" });
    await page.getByText("It is what is saved as version 4.").waitFor();
    await save(page, "nothing new");
    await page.getByText("Nothing has changed since version 4, so no version was made.").waitFor();

    await post(page, "setup/pools", { nickname: "extra" });
    await page.getByText("It is not what is saved as version 4.").waitFor();
    await save(page, "a cache for the test");
    await page.getByText("Saved as version 5.", { exact: true }).waitFor();
    await page.getByText("It is what is saved as version 5.").waitFor();

    await page.getByRole("tab", { name: "History" }).click();
    const versions = page.getByRole("list", { name: "Versions of demo" }).getByRole("listitem");
    const newest = versions.first();
    await expect.poll(() => newest.textContent()).toContain("Version 5current");
    await expect.poll(() => newest.textContent()).toContain("a cache for the test");
    await expect.poll(() => versions.count()).toBe(5);

    await page.getByRole("link", { name: "What it changed" }).click();
    const added = page.getByRole("group").filter({ hasText: "extra (MemoryPool)" });
    await added.waitFor();
    await expect.poll(() => added.textContent()).toContain("+ added");
    const row = added.getByRole("row", { name: /^nickname/ });
    await expect
      .poll(() => row.getByRole("cell").allTextContents())
      .toEqual(["not there", '+"extra"']);
    await page.getByText("JSON Patch (RFC 6902)").click();
    await page.getByRole("button", { name: "Copy the JSON Patch" }).click();
    const patch = await page.evaluate(() => navigator.clipboard.readText());
    expect(JSON.parse(patch)).toContainEqual(expect.objectContaining({ op: "add" }));
    expect(await axe(page)).toEqual([]);
    await page.getByLabel("Before").selectOption("live");
    await page.getByText("Both are the same set-up.").waitFor();

    await page.goto(new URL("#/environment/demo/history/1", page.url()).href);
    await page.getByRole("button", { name: "Put a label on it" }).click();
    await page.getByRole("textbox", { name: "Label" }).fill("first");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Take the label first away" }).waitFor();
    await expect.poll(() => versions.last().textContent()).toContain("first");
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Take the label first away" }).click();
    await expect.poll(() => versions.last().textContent()).not.toContain("first");

    await page.getByRole("button", { name: "Roll back to it" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => versions.count()).toBe(5);
    await page.getByRole("button", { name: "Roll back to it" }).click();
    await page.getByRole("button", { name: "Roll back", exact: true }).click();
    await page.getByText("Version 6 is version 1 again, and the current one.").waitFor();
    await expect.poll(() => newest.textContent()).toContain("Version 6current");
    await expect.poll(() => newest.textContent()).toContain("version 1 again");
    await page.getByRole("button", { name: /^The code/ }).click();
    await expect
      .poll(() => page.getByRole("region", { name: "The code" }).textContent())
      .toContain("laila env rollback demo@1");
  });

  it("names secrets and holds none, also in what is downloaded", async () => {
    const page = await openPage(await startDemo(), { at: "#/environment" });
    await page.getByText("No secret is in it: 2 are named").waitFor();
    const { folder } = await lifeOf(page);
    const secrets = [
      ...readFileSync(join(folder, "secrets.toml"), "utf8").matchAll(/KEY\w* = "(.+)"/g),
    ];
    expect(secrets).toHaveLength(2);
    const marked = page.getByText("secret: only the name is stored");
    await expect.poll(() => marked.count()).toBe(2);

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download as JSON" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("demo-live.json");
    const text = readFileSync(await download.path(), "utf8");
    expect(text).toContain('"$secret": "AWS_SECRET_ACCESS_KEY"');
    await page.getByRole("tab", { name: "JSON" }).click();
    const html = await page.content();
    expect(html).toContain("AWS_SECRET_ACCESS_KEY");
    for (const [, secret = ""] of secrets) {
      expect(text.includes(secret)).toBe(false);
      expect(html.includes(secret)).toBe(false);
    }
  });

  it("is examined by the doctor, whose findings say what to do", async () => {
    const page = await openPage(await startDemo(), { at: "#/environment/demo/doctor" });
    await page.getByText("Would work here: the live set-up.").waitFor();
    const { folder } = await lifeOf(page);
    chmodSync(join(folder, "secrets.toml"), 0o644);
    await page.getByRole("button", { name: "Ask again" }).click();
    const finding = page.getByRole("list", { name: "Findings" }).getByRole("listitem");
    await finding.waitFor();
    await expect.poll(() => finding.textContent()).toMatch(/warning.*READABLE_SECRETS/);
    await finding.getByRole("button", { name: /^Copy/ }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("chmod");
    expect(await axe(page)).toEqual([]);
    await page.getByLabel("Which document").selectOption("1");
    await page.getByText("Would work here: version 1.").waitFor();
  });

  it("is still shown while the set-up is down, and comes back with it", async () => {
    const refused = /503 \/api\//;
    const page = await openPage(await startDemo(), { at: "#/environment", refused });
    await page.getByText("It is what is saved as version 4.").waitFor();
    await page.getByRole("tab", { name: "History" }).click();
    await page.getByRole("link", { name: "Version 4" }).waitFor();
    await post(page, "life/kill", { deleteFiles: false });
    await page.getByText("What is shown is what was known before.").waitFor();
    await page.getByRole("link", { name: "Version 4" }).waitFor();
    const save = page.getByRole("button", { name: "Save a version", exact: true });
    await expect.poll(() => save.isDisabled()).toBe(true);
    await page.getByRole("tab", { name: "Live" }).click();
    await page.getByText("AWS_SECRET_ACCESS_KEY").waitFor();
    await post(page, "life/recover", { name: "demo" });
    await page.getByText("What is shown is what was known before.").waitFor({ state: "detached" });
    await page.getByText("It is what is saved as version 4.").waitFor();
    await expect.poll(() => save.isEnabled()).toBe(true);
  });

  it("fits on a phone in the dark, as manifests do", async () => {
    const page = await openPage(await startDemo(["--pools", "20"]), {
      isDark: true,
      isPhone: true,
    });
    const places = [
      ["#/environment", "It is what is saved as version 4."],
      ["#/environment/demo/history", "Plain files for what people look at"],
      ["#/environment/demo/history/2", "As a document"],
      ["#/environment/demo/compare/1/live", "JSON Patch (RFC 6902)"],
      ["#/environment/demo/doctor", "Would work here"],
      ["#/manifests", "experiment"],
    ] as const;
    for (const [place, text] of places) {
      await page.goto(new URL(place, page.url()).href);
      await page.getByRole("main").getByText(text).first().waitFor();
      await expectFit(page);
    }
    await page
      .getByRole("link", { name: /experiment/ })
      .first()
      .click();
    await page.getByRole("treeitem", { name: /^station / }).waitFor();
    await expectFit(page);
    await page.getByRole("link", { name: "All manifests" }).click();
    await page.getByRole("navigation", { name: "Manifests" }).waitFor();
  });
});

/** Nothing sticks out at the right, and axe-core finds nothing serious. */
async function expectFit(page: Page): Promise<void> {
  const tooWide = await page.evaluate(() => {
    const main = document.querySelector("main");
    return [main, document.documentElement].map((one) =>
      one === null ? 0 : Math.max(0, one.scrollWidth - one.clientWidth),
    );
  });
  expect(tooWide, page.url()).toEqual([0, 0]);
  expect(await axe(page), page.url()).toEqual([]);
}

async function save(page: Page, message: string): Promise<void> {
  await page.getByRole("button", { name: "Save a version", exact: true }).click();
  await page.getByLabel(/^Message/).fill(message);
  await page.getByRole("button", { name: "Save", exact: true }).click();
}

/** What another page, or a program, asks of the same server. */
function post(page: Page, path: string, body: object): Promise<string> {
  return page.evaluate(
    async ({ path, body }) => {
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      return (await fetch(`./api/${path}`, init)).text();
    },
    { path, body },
  );
}

function lifeOf(page: Page): Promise<Life> {
  return page.evaluate(async () => (await (await fetch("./api/life")).json()) as Life);
}
