import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";

const exec = promisify(execFile);

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of somebody who installs our packages with npm. */
export class Consumer {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async install(tarballs: readonly string[]): Promise<Consumer> {
    const directory = await mkdtemp(join(tmpdir(), "laila-consumer-"));
    const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
    await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
    const quick = ["--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier"];
    await exec("npm", ["install", "--strict-peer-deps", ...quick, ...tarballs], {
      cwd: directory,
      env: cleanEnv(),
      shell: process.platform === "win32",
    });
    return new Consumer(directory);
  }

  /** A folder inside, from which the installed packages resolve; it gets these files. */
  async folder(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
    const folder = join(this.directory, name);
    await mkdir(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
    return folder;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Runs Node (the one that runs us) in a folder, with nothing of our environment but what is given. */
export async function node(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Outcome> {
  const clean = { PATH: process.env.PATH ?? "", HOME: cwd, TMPDIR: tmpdir(), ...env };
  try {
    const done = await exec(process.execPath, args, { cwd, env: clean, timeout: 120_000 });
    return { code: 0, ...done };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as Partial<Outcome>;
    return { code: typeof code === "number" ? code : -1, stdout, stderr: stderr || String(error) };
  }
}
