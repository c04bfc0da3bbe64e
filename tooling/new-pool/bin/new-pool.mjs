/** `node tooling/new-pool/bin/new-pool.mjs NAME [--class=NamePool]`; `pnpm new:pool` installs besides. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Refusal } from "../src/names.mjs";
import { newPool } from "../src/new-pool.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const main = () => {
  const { values, positionals } = parseArgs({
    options: { class: { type: "string" } },
    allowPositionals: true,
  });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new Refusal(`One pool at a time: ${more.join(" ")} is too many.`);
  const made = newPool({ root, name, ...(values.class ? { poolClass: values.class } : {}) });
  console.log(`${made.poolClass} is in ${made.directory}. Written:`);
  for (const file of made.written) console.log(`  ${file}`);
};

try {
  main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const mistyped = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  if (!(error instanceof Refusal) && !mistyped) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
