import { arrays } from "./arrays.mjs";
import { codecCosts } from "./codecs.mjs";
import { imports } from "./imports.mjs";
import { manifests } from "./manifests.mjs";
import { memory } from "./memory.mjs";
import { objects } from "./objects.mjs";
import { stored } from "./stored.mjs";

/** @type {import("./types.js").Suite} */
export const sections = {
  objects,
  arrays,
  codecs: codecCosts,
  manifests,
  imports,
  stored,
  memory,
};
