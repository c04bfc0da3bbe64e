// The last step of the build: a heavy product of zod, made here so that nobody's program has to.
import { writeFile } from "node:fs/promises";
import { environmentDocument } from "../dist/index.js";
import { environmentJsonSchema } from "./environment-json-schema.mjs";

const file = new URL("../dist/environment.schema.json", import.meta.url);
await writeFile(file, `${JSON.stringify(environmentJsonSchema(environmentDocument), null, 2)}\n`);
