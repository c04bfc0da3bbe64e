import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { S3Server } from "@laila-tooling/s3-server";

/** A project's folder, with a `secrets.toml` for the server's bucket and a home of its own. */
export class Project implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = join(folder, "home");
  }

  static async create(server: S3Server, bucket: string): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), "laila-e2e-")));
    const args = {
      AWS_BUCKET_NAME: bucket,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      AWS_REGION: server.region,
      AWS_ENDPOINT: server.endpoint,
    };
    const lines = Object.entries(args).map(
      ([name, value]) => `${name} = ${JSON.stringify(value)}\n`,
    );
    await writeFile(join(project.folder, "secrets.toml"), lines.join(""), { mode: 0o600 });
    return project;
  }

  /** Runs a file of `processes/` in a process of its own; what it sent, and everything it printed. */
  async run<Sent>(name: string, ...args: string[]): Promise<{ sent: Sent; output: string }> {
    const file = fileURLToPath(
      new URL(`../../node_modules/.processes/${name}.mjs`, import.meta.url),
    );
    const env = {
      PATH: process.env.PATH,
      HOME: this.home,
      LAILA_HOME: this.home,
      NODE_ENV: "test",
    };
    const child = fork(file, args, {
      cwd: this.folder,
      env,
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let output = "";
    let sent: Sent | undefined;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text) => (output += String(text)));
    child.on("message", (message) => {
      sent = message as Sent;
    });
    const [code] = await once(child, "close");
    if (code !== 0 || sent === undefined) throw new Error(`${name} ended with ${code}: ${output}`);
    return { sent, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
