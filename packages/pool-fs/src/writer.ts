import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { failedWith } from "./errors.js";
import { files, withFile, writeFully } from "./files.js";
import { type Identity, identify } from "./identity.js";
import type { Layout } from "./layout.js";

/**
 * This pool among those who write to the directory. Its file is written before the first temporary file
 * and the first lock, and removed after the last: who has none is not writing.
 */
export class Writer {
  readonly #layout: Layout;
  #identity: Identity | undefined;
  #registered: Promise<void> | undefined;
  #files = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  get identity(): Identity {
    this.#identity ??= identify(randomUUID());
    return this.#identity;
  }

  /** The file that says who it is. */
  get path(): string {
    return join(this.#layout.writers, this.identity.nonce);
  }

  /** A path for a new file, that others leave alone as long as this process lives. */
  async temporary(): Promise<string> {
    await this.register();
    const number = (++this.#files).toString(36);
    return join(this.#layout.temporary, `${this.identity.nonce}.${number}`);
  }

  async register(): Promise<void> {
    this.#registered ??= this.#write();
    try {
      await this.#registered;
    } catch (error) {
      this.#registered = undefined;
      throw error;
    }
  }

  /** When nothing is being written any more. */
  async retire(): Promise<void> {
    if (!this.#registered) return;
    this.#registered = undefined;
    await unlinkIfThere(this.path);
  }

  async #write(): Promise<void> {
    // One that failed half way has left its file, which is no other's.
    await unlinkIfThere(this.path);
    await withFile(this.path, "wx", async (fd) => {
      await writeFully(fd, [Buffer.from(`${JSON.stringify(this.identity)}\n`)]);
      // Synced because locks are links to it: one that outlives a power cut still says whose it was.
      await files.fsync(fd);
    });
  }
}

/** False when there was none. */
export async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await files.unlink(path);
    return true;
  } catch (error) {
    if (failedWith(error, "ENOENT")) return false;
    throw error;
  }
}
