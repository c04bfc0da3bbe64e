// `node --import` this, with LOADED_FILES naming a file: it gets the URL of every module that the
// process loads, ES modules as they come and CommonJS ones at the end.
import { appendFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

const { LOADED_FILES: file } = process.env;
if (!file) throw new Error("Set LOADED_FILES to the file that the list goes to.");

register("./record-loads-hooks.mjs", import.meta.url, { data: { file } });

const { cache } = createRequire(import.meta.url);
process.on("exit", () => {
  for (const path of Object.keys(cache)) appendFileSync(file, `${pathToFileURL(path)}\n`);
});
