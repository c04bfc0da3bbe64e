import { once } from "node:events";
import { isLailaError } from "@laila/pool";
import { SQLitePool } from "@laila/pool-sqlite";

/** Opens the file it is told of as soon as it hears something, and claims keys in it. */
const pool = new SQLitePool({ filePath: process.argv[2] });
process.stdout.write("ready\n");
await once(process.stdin, "data");
let won = 0;
for (let i = 0; i < 20; i++) {
  try {
    await pool.write(`key ${i}`, new Uint8Array(3000), { condition: { ifAbsent: true } });
    won++;
  } catch (error) {
    if (!isLailaError(error, "CONFLICT")) throw error;
  }
}
await pool.close();
process.stdout.write(`${won}\n`);
process.stdin.destroy();
