import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { files, unlinkIfThere, withFile, writeFully } from "./files.js";
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
    const registered = this.#registered;
    try {
      await registered;
    } catch (error) {
      // Another caller may have begun anew already.
      if (this.#registered === registered) this.#registered = undefined;
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
    try {
      await withFile(this.path, "wx", async (fd) => {
        await writeFully(fd, [Buffer.from(`${JSON.stringify(this.identity)}\n`)], 0);
        // Synced because locks are links to it: one that outlives a power cut still says whose it was.
        await files.fsync(fd);
      });
    } catch (error) {
      // What went wrong is told; under this name there is nobody yet, and next time there will be another.
      await unlinkIfThere(this.path).catch(() => false);
      this.#identity = undefined;
      throw error;
    }
  }
}
