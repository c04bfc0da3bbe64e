import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LailaError } from "@laila/schema";
import type { Life } from "../api.js";
import { uploads } from "../names.js";
import { type Secrets, secretsToml } from "../s3.js";

/** What a set-up has here; of these, only the first survives the disaster. */
const secretsFile = "secrets.toml";
const local: readonly string[] = ["laila.config.json", "data.h5", "files", "home"];
/** Says that a folder is the demo's, which overwrites and deletes there. */
const marker = ".laila-demo";

const resolveHere = createRequire(import.meta.url).resolve;
/** What is known in the folder. */
const installed = ["@laila/core", "@laila/pool-s3", "@laila/pool-hdf5", "@laila/pool-fs"];
/** The command of this repository. */
const command = fileURLToPath(new URL("../../cli/dist/main.js", import.meta.url));

/** The folder of the set-up: its secrets, its project file, its HDF5 file, its home. */
export class Folder {
  readonly path: string;
  readonly #isTemporary: boolean;
  readonly #secrets: Secrets;

  private constructor(path: string, isTemporary: boolean, secrets: Secrets) {
    this.path = path;
    this.#isTemporary = isTemporary;
    this.#secrets = secrets;
  }

  /**
   * The given one, which stays; else a temporary one, which {@link remove} removes. INVALID_ARGUMENT for one
   * that has files of somebody else's.
   */
  static async open(given: string | undefined, secrets: Secrets): Promise<Folder> {
    if (given === undefined)
      return new Folder(await mkdtemp(join(tmpdir(), "laila-demo-")), true, secrets);
    const path = resolve(given);
    await mkdir(path, { recursive: true });
    const names = await readdir(path);
    if (names.length > 0 && !names.includes(marker))
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${path} is not empty, and the demo deletes files where it runs. Give it a folder of its own with --folder.`,
      );
    await writeFile(join(path, marker), "");
    return new Folder(path, false, secrets);
  }

  /** What a process of the set-up begins with, also if somebody has deleted the whole folder. */
  async equip(): Promise<void> {
    await rm(join(this.path, uploads), { recursive: true, force: true });
    await mkdir(this.path, { recursive: true });
    await this.#writeSecrets();
    await this.#install();
  }

  /** For the owner's eyes only. */
  async #writeSecrets(): Promise<void> {
    const file = join(this.path, secretsFile);
    await writeFile(file, secretsToml(this.#secrets), { mode: 0o600 });
    // The mode counts for new files only.
    await chmod(file, 0o600);
  }

  /** Makes the command `laila` and the packages known here, as an install would: the page's code runs here, too. */
  async #install(): Promise<void> {
    const modules = join(this.path, "node_modules");
    await link(command, join(modules, ".bin", "laila"));
    for (const name of installed)
      await link(dirname(resolveHere(`${name}/package.json`)), join(modules, name));
  }

  /** What is there, and what of the usual is not. */
  async files(): Promise<Life["files"]> {
    const names = new Set([secretsFile, ...local, ...(await this.#besideData())]);
    return Promise.all(
      [...names].map(async (name) => ({ name, bytes: await bytesOf(join(this.path, name)) })),
    );
  }

  /** Everything but the secrets. */
  async deleteLocal(): Promise<void> {
    for (const name of [...local, ...(await this.#besideData())])
      await rm(join(this.path, name), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    const path = this.#isTemporary ? this.path : join(this.path, uploads);
    await rm(path, { recursive: true, force: true });
  }

  /** The journal, the lock and the checksums of the HDF5 file. */
  async #besideData(): Promise<string[]> {
    // Somebody may have deleted the folder itself: that is a disaster, too.
    const names = await readdir(this.path).catch(() => []);
    return names.filter((name) => name.startsWith("data.h5.")).sort();
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await symlink(target, path);
}

/** Of a file, or of all files below a directory; null when it is not there (any more). */
async function bytesOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
    const inside = await readdir(path);
    const sizes = await Promise.all(inside.map((name) => bytesOf(join(path, name))));
    return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  } catch {
    return null;
  }
}
