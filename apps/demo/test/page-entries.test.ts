import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeRecord, globalIdOf, NdArray } from "@laila/schema";
import { decodeNpy, encodeNpy } from "@laila/schema/codecs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Life } from "../src/api.js";
import { axe, type Demo, inBrowser, openPage, startDemo } from "./browser.js";

inBrowser("pools and entries", () => {
  let demo: Promise<Demo> | undefined;
  /** The entries of a pool, by its name. */
  const entriesOf = async (
    pool: string,
    options: { readonly isDark?: boolean; readonly isPhone?: boolean } = {},
  ): Promise<Page> => {
    demo ??= startDemo(["--entries", "100000"]);
    const page = await openPage(await demo, { ...options, at: "#/entries" });
    await page.getByRole("combobox", { name: "Pool" }).selectOption({ label: pool });
    return page;
  };

  it("lists 100,000 keys, to the end, with the mouse and with keys", async () => {
    const page = await entriesOf("many");
    const list = page.getByRole("listbox", { name: "Entries" });
    await page.getByText("100,000 entries", { exact: true }).waitFor();
    const first = rowsOf(page).first();
    await expect.poll(() => first.textContent()).toContain("item 0");
    await expect.poll(() => first.getAttribute("aria-setsize")).toBe("100000");
    expect(await rowsOf(page).count()).toBeLessThan(60);

    await list.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
    await expect.poll(() => rowsOf(page).last().textContent()).toContain("item 99999");

    await list.focus();
    const active = () =>
      list.evaluate((element) => {
        const id = element.getAttribute("aria-activedescendant") ?? "";
        return document.getElementById(id)?.getAttribute("aria-posinset");
      });
    await page.keyboard.press("Home");
    await expect.poll(active).toBe("1");
    await page.keyboard.press("ArrowDown");
    await expect.poll(active).toBe("2");
    await page.keyboard.press("End");
    await expect.poll(active).toBe("100000");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "item 99999" }).waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it("begins with the bucket; keeps a long nickname in its place, and each file its own", async () => {
    demo ??= startDemo(["--entries", "100000"]);
    const page = await openPage(await demo, { at: "#/entries" });
    const chosen = page.getByRole("combobox", { name: "Pool" }).locator("option:checked");
    await expect.poll(() => chosen.textContent()).toBe("bucket");

    const field = page.getByRole("dialog").getByRole("textbox");
    await choose(page, { name: "first.json", buffer: Buffer.from("[1]") });
    await expect.poll(() => field.inputValue()).toBe("first");
    await choose(page, { name: "second.json", buffer: Buffer.from("[2, 3]") });
    await expect.poll(() => field.inputValue()).toBe("second");
    await field.fill("<i>".repeat(3000));
    await page.getByRole("button", { name: "Memorize", exact: true }).click();
    await page.getByText("digest is right").waitFor();
    const panel = page.getByRole("region", { name: "Entry" });
    await panel.getByRole("heading", { name: /^<i><i>/ }).waitFor();
    expect(await panel.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(
      true,
    );
    // It is seen, and not beyond the edge.
    const badge = await panel.getByText("digest is right").boundingBox();
    expect((badge?.x ?? 9999) + (badge?.width ?? 0)).toBeLessThan(1440);
  });

  it("finds by nickname, by a part of an id, and by what it begins with", async () => {
    const page = await entriesOf("many");
    await page.getByText("100,000 entries", { exact: true }).waitFor();
    const search = page.getByRole("searchbox");
    const id = globalIdOf("item 54321");
    for (const text of ["item 54321", id.slice(-20), id]) {
      await search.fill(text);
      await expect.poll(() => rowsOf(page).count()).toBe(1);
      await expect.poll(() => rowsOf(page).textContent()).toContain("item 54321");
    }
    await search.fill("no such thing");
    await page.getByText("Nothing is found.").waitFor();
  });

  const kinds: readonly (readonly [pool: string, nickname: string, shows: RegExp])[] = [
    ["bucket", "station", /object/],
    ["bucket", "calibration", /Map of 3.*"serviced": Date 2026/s],
    ["bucket", "tags", /Set of/],
    ["bucket", "installed", /Date 20/],
    ["bucket", "grains", /\d{30,}n/],
    ["bucket", "readme", /[a-z]+/],
    ["bucket", "photo", /image\/png, 160 × 96 pixels/],
    ["bucket", "signal", /Line: float64 5000, from -1\.\d+ to 1\.\d+/],
    ["bucket", "spectrum", /Line of the magnitude: complex128 512/],
    ["bucket", "land", /Heat map.*bool 128 × 128, from 0 to 1/],
    ["bucket", "counts", /Heat map.*int64 64 × 64/],
    ["files", "firmware", /00000010(?:[0-9a-f]{2} ){15}[0-9a-f]{2}/],
  ];
  it.each(kinds)("opens %s: %s", async (pool, nickname, shows) => {
    const page = await entriesOf(pool);
    const panel = await opened(page, nickname);
    await panel.getByText("digest is right").waitFor();
    await expect.poll(() => panel.textContent()).toMatch(shows);
    await expect.poll(() => panel.textContent()).toContain(globalIdOf(nickname));
    expect(await axe(page)).toEqual([]);
  });

  it("shows many dimensions with a slider each, exactly", async () => {
    const page = await entriesOf("local", { isDark: true });
    const panel = await opened(page, "waves");
    await panel.getByLabel("Dimension 1").fill("12");
    await panel.getByText("12 of 0–23").waitFor();
    const value = (await storedIn(page, "waves")) as NdArray<"float32">;
    await panel.getByRole("tab", { name: "Table" }).click();
    await panel.getByLabel("Dimension 0").fill("3");
    await panel.getByLabel("Dimension 1").fill("12");
    const cell = panel.getByRole("row").nth(6).getByRole("cell").nth(2);
    const expected = value.data[((3 * 24 + 12) * 48 + 5) * 48 + 2] as number;
    await expect.poll(async () => Math.fround(Number(await cell.textContent()))).toBe(expected);

    const counts = await opened(page, "counts");
    await counts.getByRole("tab", { name: "Table" }).click();
    const { data } = (await storedIn(page, "counts")) as NdArray<"int64">;
    await expect
      .poll(() => counts.getByRole("row").nth(1).getByRole("cell").first().textContent())
      .toBe(String(data[0]));
    expect(await axe(page)).toEqual([]);
  });

  it("keeps a heat map of 4,096 × 4,096 smooth", async () => {
    const page = await entriesOf("scratch");
    await page.getByRole("button", { name: "Add a large array" }).click();
    const plot = page.getByRole("img", { name: /Heat map.*float32 4096 × 4096/ });
    await plot.waitFor();
    await expect.poll(async () => (await coloursOf(page)).size).toBeGreaterThan(100);
    // What is there is drawn in the very next frames, wherever the view goes; the worker sharpens it later.
    for (const key of ["+", "+", "ArrowLeft", "ArrowDown", "-", "+", "0"])
      expect(await isDrawnAtOnce(page, key), key).toBe(true);
    await expect.poll(() => page.getByRole("button", { name: "Show all" }).isDisabled()).toBe(true);

    const box = (await page.locator(".u-over").first().boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByText(/Row 20\d\d, column 20\d\d: -?\d/).waitFor();
  });

  it("memorizes files and finds them again with equal bytes", async () => {
    const page = await entriesOf("files");
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    const array = new NdArray({
      dtype: "float64",
      shape: [3, 2],
      data: Float64Array.of(1, -0, Number.NaN, 4, 5, 6),
    });
    const npy = Buffer.concat(encodeNpy(array)!.parts);

    await memorized(page, { name: "dot.png", buffer: png });
    await page.getByText("image/png, 1 × 1 pixels").waitFor();
    expect(Buffer.compare(await downloaded(page, "Bytes"), png)).toBe(0);

    await memorized(page, { name: "grid.npy", buffer: npy }, "a grid");
    await page.getByRole("heading", { name: "a grid" }).waitFor();
    const again = await downloaded(page, ".npy");
    expect(decodeNpy(again)).toEqual(array);
    expect(Buffer.compare(again, npy)).toBe(0);

    const json = { list: [1, 2.5, null], text: "é" };
    const notes = await memorized(page, {
      name: "notes.json",
      buffer: Buffer.from(JSON.stringify(json)),
    });
    await page.getByRole("heading", { name: "notes", exact: true }).waitFor();
    expect(JSON.parse((await downloaded(page, "JSON")).toString())).toEqual(json);
    const record = await downloaded(page, "Record");
    expect(decodeRecord(record).entry.data).toEqual(json);
    expect(notes).toContain(`${record.length} B, codec json`);

    await page.getByRole("searchbox").fill("a grid");
    await expect.poll(() => rowsOf(page).textContent()).toContain("a grid");
    await page.getByRole("button", { name: /^The code/ }).click();
    const code = page.getByRole("region", { name: "The code" });
    await expect.poll(() => code.textContent()).toContain("laila pool get");
  });

  it("says with its code why a file is refused", async () => {
    const page = await entriesOf("files");
    await dropped(page, "twice.json", '{"a": 1, "a": 2}');
    const dialog = page.getByRole("dialog", { name: "Memorize twice.json" });
    await dialog.getByText("INVALID_ARGUMENT").waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  it("imports an HDF5 file", async () => {
    const page = await entriesOf("files");
    const { folder } = (await page.evaluate(() =>
      fetch("./api/life").then((response) => response.json()),
    )) as Life;
    const buffer = await readFile(join(folder, "data.h5"));
    await choose(page, { name: "theirs.h5", buffer });
    const dialog = page.getByRole("dialog", { name: "Import theirs.h5" });
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByText(/\d+ entries and a manifest/).waitFor();
    await dialog.getByRole("button", { name: "Show it" }).click();
    await page.getByText("digest is right").waitFor();
  });

  it("finds a flipped bit, and forgets", async () => {
    const page = await entriesOf("scratch");
    await memorized(page, { name: "spoilt.json", buffer: Buffer.from("[1, 2]") });
    const panel = await opened(page, "spoilt");
    await panel.getByText("digest is right").waitFor();
    await panel.getByRole("button", { name: "Flip a bit" }).click();
    await panel.getByText("CORRUPT").first().waitFor();
    await expect
      .poll(() => rowsOf(page).and(page.locator("[aria-selected=true]")).textContent())
      .toContain("corrupt");
    expect(await axe(page)).toEqual([]);
    await panel.getByRole("button", { name: "Forget" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
    await page.getByText("Choose an entry").waitFor();
    await page.getByText("Nothing is found.").waitFor();
  });

  it("fits a phone, in the dark", async () => {
    const page = await entriesOf("bucket", { isDark: true, isPhone: true });
    expect(await axe(page)).toEqual([]);
    const panel = await opened(page, "temperature");
    await panel.getByRole("img", { name: /Heat map/ }).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(390);
    expect(await axe(page)).toEqual([]);
    await panel.getByRole("link", { name: "All entries" }).click();
    await page.getByRole("listbox").waitFor();
  });
});

/** Those of the list, not of the choice of a pool. */
function rowsOf(page: Page) {
  return page.getByRole("listbox", { name: "Entries" }).getByRole("option");
}

async function opened(page: Page, nickname: string) {
  await page.getByRole("searchbox").fill(nickname);
  await rowsOf(page).filter({ hasText: nickname }).first().click();
  const panel = page.getByRole("region", { name: "Entry", exact: true });
  await panel.getByRole("heading", { name: nickname }).waitFor();
  return panel;
}

/** What the pool that is shown keeps, decoded here. */
async function storedIn(page: Page, nickname: string): Promise<unknown> {
  const [, , pool = ""] = new URL(page.url()).hash.split("/");
  const key = globalIdOf(nickname);
  const path = `./api/pools/${pool}/entries/${encodeURIComponent(key)}`;
  const answer = await page.request.get(new URL(path, page.url()).href);
  expect(answer.status()).toBe(200);
  return decodeRecord(new Uint8Array(await answer.body()), { key }).entry.data;
}

interface GivenFile {
  readonly name: string;
  readonly buffer: Buffer;
}

async function choose(page: Page, { name, buffer }: GivenFile): Promise<void> {
  const mimeType = "application/octet-stream";
  await page.getByLabel("File to memorize").setInputFiles({ name, buffer, mimeType });
}

/** A file that is dragged onto the page. */
async function dropped(page: Page, name: string, text: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      return data;
    },
    [name, text] as const,
  );
  const list = page.getByRole("listbox", { name: "Entries" });
  await list.dispatchEvent("dragenter", { dataTransfer });
  await page.getByText("Drop it to memorize it in files").waitFor();
  await list.dispatchEvent("drop", { dataTransfer });
}

/** Gives what the dialog said of it before it was sent. */
async function memorized(page: Page, file: GivenFile, nickname?: string): Promise<string> {
  await choose(page, file);
  const dialog = page.getByRole("dialog", { name: `Memorize ${file.name}` });
  if (nickname !== undefined) {
    await dialog.getByLabel(/^Nickname/).fill(nickname);
    await dialog.getByText(globalIdOf(nickname)).waitFor();
  }
  await dialog.getByText("LAILA:ENTRY").waitFor();
  const said = (await dialog.textContent()) ?? "";
  await dialog.getByRole("button", { name: "Memorize" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("digest is right").waitFor();
  return said;
}

async function downloaded(page: Page, name: string): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  return readFile(await download.path());
}

/** Presses a key on the plot, and says whether the picture is another two frames later. */
function isDrawnAtOnce(page: Page, key: string): Promise<boolean> {
  return page.evaluate(async (key) => {
    const plot = document.querySelector<HTMLElement>(".plot-host");
    const canvas = plot?.querySelector("canvas");
    const picture = () => canvas?.toDataURL();
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const before = picture();
    plot?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await frame();
    await frame();
    return picture() !== before;
  }, key);
}

/** The different colours of the plot. */
async function coloursOf(page: Page): Promise<ReadonlySet<number>> {
  const pixels = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(".plot-host canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return [];
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return [...new Set(new Uint32Array(data.buffer))];
  });
  return new Set(pixels);
}
