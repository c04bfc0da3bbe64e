import { appendFileSync } from "node:fs";

let file = "";

export const initialize = (/** @type {{ file: string }} */ data) => {
  file = data.file;
};

/** @type {import("node:module").LoadHook} */
export const load = (url, context, next) => {
  appendFileSync(file, `${url}\n`);
  return next(url, context);
};
