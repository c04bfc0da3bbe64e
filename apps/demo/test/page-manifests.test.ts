import { constant, Entry, encodeRecord, type GlobalId, newUuid } from "@laila/schema";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { ManifestSummary } from "../src/api.js";
import { axe, inBrowser, openPage, startDemo } from "./browser.js";

inBrowser("manifests", () => {
  it("finds a leaf that was forgotten and one with a flipped bit, and mends both from another pool", async () => {
    const page = await openPage(await startDemo(), { at: "#/manifests" });
    const inBucket = page.locator("section", {
      has: page.getByRole("heading", { name: "bucket" }),
    });
    await inBucket.getByRole("link", { name: /experiment/ }).click();
    const leaf = (name: string) => page.getByRole("treeitem", { name: new RegExp(`^${name} `) });
    await expect.poll(() => leaf("station").textContent()).toContain("not checked yet");

    await leaf("station").click();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByText("station was forgotten").waitFor();
    await leaf("temperature").click();
    await page.getByRole("button", { name: "Flip a bit" }).click();
    await page.getByText("fields.temperature has a flipped bit now").waitFor();

    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByText("Not whole: 1 missing, 1 corrupt.").waitFor();
    await expect.poll(() => leaf("station").textContent()).toContain("missing");
    await expect.poll(() => leaf("temperature").textContent()).toContain("corrupt");
    await expect.poll(() => leaf("waves").textContent()).toContain("whole");
    expect(await axe(page)).toEqual([]);

    await page.getByLabel("Only what is not whole").check();
    await expect
      .poll(() => namesOf(page))
      .toEqual(["experiment", "station", "fields", "temperature"]);
    await page.getByLabel("Only what is not whole").uncheck();

    await page.getByLabel("The pool to repair from").selectOption({ label: "local (has it, too)" });
    await page.getByRole("button", { name: "Repair from" }).click();
    await page.getByText("Mended: 2 repaired.").waitFor();
    await expect.poll(() => leaf("station").textContent()).toContain("repaired");
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByText("Whole. 9 records were read").waitFor();
    await expect.poll(() => leaf("station").textContent()).toContain("whole");

    await page.getByRole("button", { name: /^The code/ }).click();
    const code = page.getByRole("region", { name: "The code" });
    await expect
      .poll(() => code.textContent())
      .toContain("laila manifest verify experiment --pool bucket");
    const link = page.getByRole("link", { name: "Open the entry" });
    await expect
      .poll(() => link.getAttribute("href"))
      .toMatch(/^#\/entries\/LAILA%3APOOL.*\/LAILA%3AENTRY/);
  });

  it("shows ten thousand leaves as a tree for the keyboard, of which few are drawn", async () => {
    const page = await openPage(await startDemo(["--entries", "10000"]), { at: "#/manifests" });
    const { poolId, id } = await memorizeLarge(page);
    await page.goto(new URL(`#/manifests/${poolId}/${id}`, page.url()).href);
    const tree = page.getByRole("tree");
    await tree.focus();
    const active = () =>
      page.evaluate(() => {
        const at = document.querySelector("[role=tree]")?.getAttribute("aria-activedescendant");
        return document.getElementById(at ?? "")?.textContent ?? "";
      });

    await page.keyboard.press("Home");
    await expect.poll(active).toContain("10,001 leaves");
    await page.keyboard.press("End"); // a long list is closed at first
    await expect.poll(active).toMatch(/^layers/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("End");
    await expect.poll(active).toMatch(/^\[9999\]/);
    expect(await page.getByRole("treeitem").count()).toBeLessThan(100);
    const last = page.getByRole("treeitem", { name: /^\[9999\]/ });
    await expect.poll(() => last.getAttribute("aria-level")).toBe("3");
    await expect.poll(() => last.getAttribute("aria-setsize")).toBe("10000");

    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByText("Not whole: 1 missing.").waitFor();
    const states = page.getByLabel("Leaves by state");
    await expect.poll(() => states.textContent()).toContain("10,000 whole");
    await page.getByLabel("Only what is not whole").check();
    await expect.poll(() => namesOf(page)).toEqual(["large", "lost"]);

    await page.getByLabel("Only what is not whole").uncheck();
    await tree.focus();
    await page.keyboard.press("ArrowLeft"); // to what it is below
    await page.keyboard.press("ArrowLeft"); // which closes
    await expect.poll(() => namesOf(page)).toEqual(["large", "lost", "layers"]);

    // Over a slow line there is time to see it go, and to stop it.
    const network = await page.context().newCDPSession(page);
    await network.send("Network.emulateNetworkConditions", {
      ...{ offline: false, latency: 0, uploadThroughput: -1 },
      downloadThroughput: 100_000,
    });
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    const progress = page.getByRole("progressbar", { name: "Verifying" });
    await expect.poll(() => progress.getAttribute("value").then(Number)).toBeGreaterThan(100);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText(/^Cancelled after [\d,]+ of 10,002/).waitFor();
    await expect.poll(() => states.textContent()).toContain("not checked yet");
    const verify = page.getByRole("button", { name: "Verify", exact: true });
    await expect.poll(() => verify.isEnabled()).toBe(true);
  });

  it("shows what it had while the set-up is down, and nothing is broken then", async () => {
    const refused = /503 \/api\//;
    const page = await openPage(await startDemo(), { at: "#/manifests", refused });
    await page
      .getByRole("link", { name: /experiment/ })
      .first()
      .click();
    const station = page.getByRole("treeitem", { name: /^station / });
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByText("Whole. 9 records were read").waitFor();
    await page.evaluate(async () => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ deleteFiles: false });
      await fetch("./api/life/kill", { method: "POST", headers, body });
    });
    await page.getByText("What is shown is what was known before.").waitFor();
    await expect.poll(() => station.textContent()).toContain("whole");
    for (const name of ["Verify", "Repair from", "Forget it", "Flip a bit"])
      await expect
        .poll(() => page.getByRole("button", { name, exact: true }).isDisabled())
        .toBe(true);
    expect(await axe(page)).toEqual([]);
  });
});

/** What the lines of the tree are called, in order. */
function namesOf(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("[role=treeitem]")].map(
      (row) => row.querySelector("span.ellipsis")?.textContent ?? "",
    ),
  );
}

/** A manifest of everything in the pool of many small entries, and of one entry that is nowhere. */
async function memorizeLarge(page: Page): Promise<Pick<ManifestSummary, "poolId" | "id">> {
  const { poolId, keys } = await page.evaluate(async () => {
    const setup = await (await fetch("./api/setup")).json();
    const poolId: GlobalId =
      setup.environment.policy.central.memory.pool_router.pools_nicknames.many;
    const text = await (await fetch(`./api/pools/${poolId}/keys`)).text();
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    return { poolId, keys: lines.filter((line): line is GlobalId[] => Array.isArray(line)).flat() };
  });
  const data = { lost: constant("never memorized").globalId, layers: keys };
  const entry = new Entry({ data, scopes: ["MANIFEST"], uuid: newUuid(), nickname: "large" });
  const record = Buffer.from(encodeRecord(entry)).toString("base64");
  const { globalId: id } = entry;
  await page.evaluate(
    async ({ poolId, id, record }) => {
      const body = Uint8Array.from(atob(record), (letter) => letter.charCodeAt(0));
      const headers = { "content-type": "application/octet-stream" };
      await fetch(`./api/pools/${poolId}/entries/${id}`, { method: "PUT", body, headers });
    },
    { poolId, id, record },
  );
  return { poolId, id };
}
