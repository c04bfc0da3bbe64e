import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const packages = fileURLToPath(new URL("../../../../packages", import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder in which the built command is run as a user runs it, with buckets to work on. */
export class Folder {
  readonly path: string;
  readonly server: S3Server;
  readonly secret: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(path: string, server: S3Server) {
    this.path = path;
    this.server = server;
    this.secret = server.secretAccessKey;
    this.#env = {
      PATH: `${join(path, "bin")}:${process.env.PATH}`,
      HOME: join(path, "home"),
      LAILA_AUTHOR: "ann",
    };
  }

  static async make({ buckets = ["things", "archive"] } = {}): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), "laila-cli-"));
    const folder = new Folder(path, await startS3Server({ buckets }));
    for (const name of ["bin", "home", "project"]) await mkdir(join(path, name));
    const command = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
    await writeFile(join(path, "bin/laila"), command, { mode: 0o755 });
    await folder.install("core", "pool-s3", "pool-hdf5");
    return folder;
  }

  /** As a package manager that links would. */
  async install(...names: string[]): Promise<void> {
    const at = this.file("node_modules/@laila");
    await mkdir(at, { recursive: true });
    for (const name of names) await symlink(join(packages, name), join(at, name));
  }

  file(name: string): string {
    return join(this.path, "project", name);
  }

  async write(name: string, content: string | object, mode = 0o600): Promise<void> {
    const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
    await writeFile(this.file(name), text, { mode });
  }

  /** The credentials of the server as a file of arguments. */
  get credentials(): string {
    const { accessKeyId, secretAccessKey, endpoint, region } = this.server;
    const args = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT: endpoint,
    };
    const lines = Object.entries(args).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
    return `${lines.join("\n")}\n`;
  }

  /** A pool in one of the server's buckets, as a project describes it. */
  bucket(bucketName: string): object {
    const { endpoint, region } = this.server;
    return { class: "S3Pool", bucketName, endpoint, regionName: region };
  }

  laila(...args: string[]): Promise<Outcome> {
    return this.#run(process.execPath, [main, ...args], "");
  }

  /** A line of a shell; both outputs in the order in which they come, in `out`. */
  shell(line: string, { input = "", before = 0 } = {}): Promise<Outcome> {
    return this.#run("bash", ["-c", `exec 2>&1\n(exit ${before})\n${line}`], input);
  }

  node(script: string): Promise<Outcome> {
    return this.#run(process.execPath, ["--input-type=module", "-e", script], "");
  }

  with(env: NodeJS.ProcessEnv): Folder {
    const folder = new Folder(this.path, this.server);
    Object.assign(folder.#env, env);
    return folder;
  }

  #run(command: string, args: readonly string[], input: string): Promise<Outcome> {
    const child = spawn(command, args, { cwd: this.file(""), env: this.#env });
    const heard = { out: "", err: "" };
    child.stdout.on("data", (data: Buffer) => {
      heard.out += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      heard.err += data.toString();
    });
    // A command that reads nothing may have ended before.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? -1, ...heard }));
    });
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.path, { recursive: true, force: true });
  }
}
