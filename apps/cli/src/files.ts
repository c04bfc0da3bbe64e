import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { because, codeOf } from "./because.js";

/** A file that was named on the command line. NOT_FOUND, INVALID_ARGUMENT, ACCESS_DENIED with its name. */
export async function readNamed(cwd: string, file: string): Promise<Uint8Array> {
  const path = resolve(cwd, file);
  try {
    return await readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") throw because(error, "NOT_FOUND", `There is no file ${path}.`);
    if (code === "EISDIR")
      throw because(error, "INVALID_ARGUMENT", `${path} is a folder, not a file.`);
    throw because(error, "ACCESS_DENIED", `${path} cannot be read (${code}). Look at its mode.`);
  }
}

export async function readNamedText(cwd: string, file: string): Promise<string> {
  return new TextDecoder().decode(await readNamed(cwd, file));
}
