import type { EnvironmentDocument } from "@laila/schema";
import type { Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import { allOf, forestOf } from "../page/views/setup/forest.js";
import { Pulses } from "../page/views/setup/pulse.js";
import type { Setup } from "../src/api.js";
import { axe, inBrowser, openPage, startDemo } from "./browser.js";

/** Polls that wait for a busy machine, too. */
const patient = { timeout: 20_000 };

describe("what the picture is drawn from", () => {
  const id = (n: number) =>
    `LAILA:POOL:GLOBAL_ID:${String(n).padStart(8, "0")}-0000-4000-8000-000000000000`;
  const drawn = (pools: number, proxies: readonly (readonly [number, number])[]) =>
    forestOf({
      laila_environment: 1,
      policy: {
        global_id: "LAILA:POLICY:GLOBAL_ID:00000000-0000-4000-8000-000000000000",
        central: {
          memory: {
            alpha_pool: id(0),
            pool_router: {
              pools: Object.fromEntries(
                Array.from({ length: pools }, (_, n) => [id(n), { class_token: "MemoryPool" }]),
              ),
              pools_nicknames: { first: id(1) },
              affinities: { [id(1)]: 7 },
              proxies: Object.fromEntries(proxies.map(([a, b]) => [id(a), id(b)])),
            },
          },
          command: { alpha_taskforce: "", taskforces: {} },
          communication: { connections: {} },
        },
      },
    } as EnvironmentDocument);

  it("is every pool once, caches before their origins, also in a document with a circle", () => {
    const [tree, alpha] = drawn(4, [
      [1, 2],
      [2, 3],
    ]);
    expect([tree?.id, tree?.caches[0]?.id, tree?.caches[0]?.caches[0]?.title]).toEqual([
      id(3),
      id(2),
      "first",
    ]);
    expect(alpha?.isAlpha).toBe(true);
    const circle = drawn(3, [
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
    expect(
      allOf(circle)
        .map((tier) => tier.id)
        .sort(),
    ).toEqual([id(0), id(1), id(2)]);
  });

  it("counts what was told of for what was left out, and forgets a minute later", () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const pulses = new Pulses();
    const one = {
      verb: "remember",
      poolId: id(1),
      key: "",
      bytes: 1,
      failed: null,
      at: 0,
    } as const;
    pulses.add(
      [
        { ...one, ms: 1 },
        { ...one, ms: 9, failed: "CORRUPT" },
      ],
      8,
    );
    vi.setSystemTime(1_001_000);
    pulses.tick();
    const { rate, median, p95, tone, flash } = pulses.of(id(1)).value;
    expect({ rate, median, p95, tone, flash }).toEqual({
      rate: 2,
      median: 9,
      p95: 9,
      tone: "failed",
      flash: 1,
    });
    expect(pulses.of(id(2)).value.flash).toBe(0);
    vi.setSystemTime(1_061_000);
    pulses.tick();
    expect(pulses.of(id(1)).value).toMatchObject({ rate: 0, median: null, flash: 1 });
    vi.useRealTimers();
  });
});

inBrowser("the picture of the set-up", () => {
  it("shows each pool in its place, and lights up where something happens", async () => {
    const page = await openPage(await startDemo());
    const { environment } = await setupOf(page);
    const { pools, proxies } = environment.policy.central.memory.pool_router;
    await page.locator(".pool-card").first().waitFor();
    const drawn = await page
      .locator(".pool-card")
      .evaluateAll((cards) => cards.map((card) => (card as HTMLElement).dataset.pool));
    expect(drawn.sort()).toEqual(Object.keys(pools).sort());
    await expect.poll(() => arrows(page)).toEqual(Object.entries(proxies).sort());
    await expect.poll(() => card(page, "MemoryPool").textContent()).toContain("alpha");
    await expect.poll(() => card(page, "bucket").textContent()).toContain("elsewhere");
    await expect.poll(() => card(page, "local").textContent()).toContain("affinity 2");
    await page.getByText("background", { exact: true }).waitFor();

    // The traffic of the set-up: a flash, then a rate, then what was just done, with a link to it.
    await card(page, "files").locator(".glow").waitFor({ state: "attached" });
    await card(page, "files")
      .getByText(/^[\d.]+\/s$/)
      .waitFor();
    await page.getByRole("list").getByText("memorized", { exact: true }).first().waitFor();

    await page.getByRole("button", { name: "Traffic", exact: true }).click();
    const perSecond = async () => (await setupOf(page)).traffic.perSecond;
    await expect.poll(perSecond, patient).toBe(0);
    await page.getByRole("combobox", { name: "Operations a second" }).selectOption("100");
    await expect.poll(perSecond, patient).toBe(100);
    await page
      .locator(".live-total")
      .getByText(/^\d{2,}\/s$/)
      .waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it("tells all of a pool, with secrets by name only, and gives the way back", async () => {
    const page = await openPage(await startDemo());
    await card(page, "bucket").getByRole("link").press("Enter");
    const panel = page.getByRole("complementary", { name: "The pool bucket" });
    await panel.getByText("secret AWS_SECRET_ACCESS_KEY").waitFor();
    await expect
      .poll(() => panel.getByRole("heading", { name: "bucket" }).evaluate(isFocused), patient)
      .toBe(true);
    const { environment } = await setupOf(page);
    const { pools } = environment.policy.central.memory.pool_router;
    const [id] = Object.entries(pools).find(([, { nickname }]) => nickname === "bucket") ?? [];
    const entries = panel.getByRole("link", { name: "Its entries" });
    await expect
      .poll(() => entries.getAttribute("href"))
      .toBe(`#/entries/${encodeURIComponent(id ?? "")}`);
    await expect
      .poll(() => panel.getByRole("button", { name: "Take it out" }).isDisabled())
      .toBe(true);
    await page.getByRole("button", { name: /^The code: Look at the pool bucket/ }).click();
    await page.getByText("laila pool ls --pool bucket", { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    await expect
      .poll(() => card(page, "bucket").getByRole("link").evaluate(isFocused), patient)
      .toBe(true);
  });

  it("has a cache added and taken out while it runs", async () => {
    const page = await openPage(await startDemo(), { refused: /^409 \/api\/setup\/pools$/ });
    const before = (await setupOf(page)).environment;
    const add = async (name: string): Promise<void> => {
      await page.getByRole("textbox", { name: "Its name" }).fill(name);
      await page
        .getByRole("combobox", { name: "A cache of" })
        .selectOption({ label: "files (FilesystemPool)" });
      await page.getByRole("button", { name: "Add it" }).click();
    };
    await page.getByRole("button", { name: "Add a cache" }).click();
    await add("bucket");
    await page.getByRole("alert").getByText("CONFLICT").waitFor();
    await add("hot");
    await card(page, "hot").getByText("cache of files").waitFor({ state: "attached" });
    const after = await setupOf(page);
    await expect
      .poll(() => arrows(page))
      .toEqual(Object.entries(after.environment.policy.central.memory.pool_router.proxies).sort());

    await card(page, "hot").getByRole("link").click();
    const panel = page.getByRole("complementary", { name: "The pool hot" });
    await panel.getByRole("button", { name: "Take it out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take it out" }).click();
    await card(page, "hot").waitFor({ state: "detached" });
    expect((await setupOf(page)).environment).toEqual(before);
  });

  it("is readable with 60 more pools, also on a phone", async () => {
    const demo = await startDemo(["--pools", "60"]);
    for (const isPhone of [false, true]) {
      const page = await openPage(demo, { isPhone, isDark: isPhone });
      await page.locator(".pool-card").nth(64).waitFor();
      const { proxies } = (await setupOf(page)).environment.policy.central.memory.pool_router;
      await expect.poll(() => arrows(page)).toEqual(Object.entries(proxies).sort());
      expect(await cutCards(page)).toEqual([]);
      expect(await axe(page)).toEqual([]);
      await page.context().close();
    }
  });
});

inBrowser("the shell", () => {
  it("is reached by keyboard, fits a phone, and keeps the theme that was chosen", async () => {
    const page = await openPage(await startDemo(), { isPhone: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator(".pool-card").first().waitFor();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("button", { name: "Skip to the content" });
    await expect.poll(() => skip.evaluate(isFocused), patient).toBe(true);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByRole("main").evaluate(isFocused), patient).toBe(true);
    for (const place of ["Set-up", "Entries", "Manifests", "Environment", "Disaster"]) {
      await page.getByRole("navigation").getByRole("link", { name: place }).click();
      await page.waitForFunction((title) => document.title === title, `${place} – LAILA`);
      const tooWide = () =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth;
      expect(await page.evaluate(tooWide), place).toBe(0);
    }
    await expect.poll(() => page.getByRole("main").evaluate(isFocused), patient).toBe(true);
    await page.getByRole("button", { name: "Dark colours" }).click();
    await page.reload();
    await page.getByRole("button", { name: "Light" }).waitFor();
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await expect.poll(theme).toBe("dark");
  });
});

function card(page: Page, title: string) {
  return page
    .locator(".pool-card")
    .filter({ has: page.getByText(title, { exact: true }).and(page.locator("a")) });
}

async function setupOf(page: Page): Promise<Setup> {
  return page.evaluate(async () => (await fetch("./api/setup")).json());
}

const isFocused = (element: Element): boolean => element === document.activeElement;

/** Cache and origin of each arrow, by where the cards are in the picture. */
async function arrows(page: Page): Promise<string[][]> {
  const found = await page.locator(".pool-card").evaluateAll((cards) =>
    cards.flatMap((card) => {
      const origin = card.parentElement?.parentElement?.closest(".caches")?.parentElement;
      const of = origin?.querySelector<HTMLElement>(":scope > .pool-card")?.dataset.pool;
      return of === undefined ? [] : [[(card as HTMLElement).dataset.pool ?? "", of]];
    }),
  );
  return found.sort();
}

/** Cards that stick out of the picture, or lie over another. */
async function cutCards(page: Page): Promise<string[]> {
  return page.locator(".pool-card").evaluateAll((cards) => {
    const width = document.documentElement.clientWidth;
    const boxes = cards.map((card) => card.getBoundingClientRect());
    return cards.flatMap((card, i) => {
      const a = boxes[i] as DOMRect;
      const isOver = boxes.some(
        (b, j) =>
          j !== i && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom,
      );
      return a.left < 0 || a.right > width || isOver ? [card.textContent ?? ""] : [];
    });
  });
}
