import { writeFile } from "node:fs/promises";
import { page, whole } from "../src/suite-page.mjs";

await writeFile(page, await whole());
