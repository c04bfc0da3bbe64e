import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Folder } from "./support/folder.js";
import { sessionsOf, shownStep } from "./support/session.js";

const readme = fileURLToPath(new URL("../README.md", import.meta.url));
/** What stands in the text for what is another in each run. */
const endpoint = "https://s3.example.org";
const time = "2026-01-31T12:00:00.000Z";

let folder: Folder;

beforeAll(async () => {
  folder = await Folder.make();
  const { accessKeyId, secretAccessKey } = folder.server;
  const keys = [
    `AWS_ACCESS_KEY_ID = "${accessKeyId}"`,
    `AWS_SECRET_ACCESS_KEY = "${secretAccessKey}"`,
    `ARCHIVE_KEY = "${accessKeyId}"`,
    `ARCHIVE_SECRET = "${secretAccessKey}"`,
  ];
  await writeFile(join(folder.path, "home/keys.toml"), `${keys.join("\n")}\n`, { mode: 0o600 });
});
afterAll(() => folder.close());

test("the session of the README, word for word", async () => {
  const [steps = []] = sessionsOf(await readFile(readme, "utf8"));
  expect(steps.length).toBeGreaterThan(10);
  const seen: string[] = [];
  let code = 0;
  for (const { command } of steps) {
    const line = command.replaceAll(endpoint, folder.server.endpoint);
    // Whoever is asked for a secret types it; all others read nothing.
    const outcome = await folder.shell(line, { input: `${folder.secret}\n`, before: code });
    code = outcome.code;
    expect(outcome.out).not.toContain(folder.secret);
    const output = outcome.out
      .replaceAll(folder.server.endpoint, endpoint)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, time);
    seen.push(shownStep({ command, output }));
  }
  expect(seen.join("")).toBe(steps.map(shownStep).join(""));
});
