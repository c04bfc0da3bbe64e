import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Project } from "./processes.js";

/**
 * Runs a file of `processes/` in a process of its own, and kills that (SIGKILL) when it has sent so many
 * messages. Gives what it sent, and by what it ended.
 */
export async function runKilled<Sent>(
  project: Project,
  [name, ...args]: readonly [string, ...string[]],
  killAfter = Number.POSITIVE_INFINITY,
): Promise<{ sent: Sent[]; ended: string | number | null; output: string }> {
  const file = fileURLToPath(new URL(`../../node_modules/.processes/${name}.mjs`, import.meta.url));
  const child = fork(file, args, {
    cwd: project.folder,
    env: { PATH: process.env.PATH, HOME: project.home, LAILA_HOME: project.home, NODE_ENV: "test" },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (text) => (output += String(text)));
  const sent: Sent[] = [];
  child.on("message", (message) => {
    sent.push(message as Sent);
    if (sent.length === killAfter) child.kill("SIGKILL");
  });
  const [code, signal] = await once(child, "close");
  return { sent, ended: signal ?? code, output };
}
