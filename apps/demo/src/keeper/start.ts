import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { LailaError } from "@laila/schema";
import { failureOf } from "../failure.js";
import { names } from "../names.js";
import type { Flags } from "../options.js";
import { findS3, type Secrets } from "../s3.js";
import { keeperApp } from "./app.js";
import { Events } from "./events.js";
import { Folder } from "./folder.js";
import { addressOf } from "./guard.js";
import { Life } from "./life.js";

/** Runs the demo until it is asked to end; gives the exit code. */
export async function startDemo(flags: Flags): Promise<number> {
  const end = asked();
  const leave: (() => Promise<void>)[] = [];
  try {
    const s3 = await findS3(flags.endpoint);
    leave.push(s3.close);
    const folder = await Folder.open(flags.folder, s3.secrets);
    leave.push(() => folder.remove());
    const demo = await keep(flags, s3.secrets, folder);
    leave.push(demo.close);
    // Ctrl-C need not wait for a set-up that is still being built.
    await Promise.race([end, demo.start()]);
    await end;
    return 0;
  } catch (error) {
    const { code, message } = failureOf(error);
    console.error(`${code}: ${message}`);
    return 1;
  } finally {
    for (const one of leave.reverse()) await one();
  }
}

/** Resolves when somebody wants it to end. Ctrl-C comes more than once: npm and pnpm pass it on, too. */
function asked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}

/** Starts the server; `start` then builds the set-up, and says where the page is. */
async function keep({ host, ...flags }: Flags, secrets: Secrets, folder: Folder) {
  const events = new Events();
  const life = new Life({
    folder,
    events,
    name: names.environment,
    endpoint: secrets.AWS_ENDPOINT ?? null,
    bucket: secrets.AWS_BUCKET_NAME ?? "",
  });
  const token = randomBytes(24).toString("base64url");
  const server = createServer();
  const port = await listening(server, flags.port, host);
  const app = keeperApp({ life, events, token, host, port });
  server.on("request", getRequestListener(app.fetch));

  return {
    async start(): Promise<void> {
      warnOf(host);
      await life.start({ pools: flags.pools, entries: flags.entries });
      console.log(`The demo is here, until Ctrl-C: ${addressOf({ host, port, token })}`);
      console.log(`The set-up lies in ${folder.path}; there, npx laila --help works.`);
    },
    async close(): Promise<void> {
      server.close();
      server.closeAllConnections();
      await life.end();
    },
  };
}

/** The port that it listens on, in the end. */
async function listening(server: Server, wanted: number, host: string): Promise<number> {
  server.listen(wanted, host);
  await once(server, "listening").catch((cause: unknown) => {
    const said = `The page cannot be served here (${failureOf(cause).message}). Give another --port or --host, or none.`;
    throw new LailaError("INVALID_ARGUMENT", said, { cause });
  });
  return (server.address() as AddressInfo).port;
}

function warnOf(host: string): void {
  if (["127.0.0.1", "localhost", "::1"].includes(host)) return;
  console.warn(
    `Warning: with --host ${host} other machines can reach the demo. Whoever has the address with the token sees and changes everything in it, and nothing is encrypted on the way.`,
  );
}
