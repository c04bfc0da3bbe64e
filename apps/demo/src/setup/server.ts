import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { answerFailure } from "../http.js";
import { setupTokenHeader } from "../messages.js";
import { isSameSecret } from "../same-secret.js";
import { entryRoutes } from "./routes/entries.js";
import { hdf5Routes } from "./routes/hdf5.js";
import { manifestRoutes } from "./routes/manifests.js";
import { poolRoutes } from "./routes/pools.js";
import { savedRoutes } from "./routes/saved.js";
import { setupRoutes } from "./routes/setup.js";
import type { Traffic } from "./traffic.js";

interface SetupServer {
  readonly token: string;
  readonly traffic: Traffic;
  readonly setup: { readonly look: () => void };
}

/** Serves the live set-up on a free port of the loopback address, to the keeper alone. */
export async function serveSetup({ token, traffic, setup }: SetupServer): Promise<number> {
  const app = new Hono();
  app.use(async (c, next) => {
    if (!isSameSecret(c.req.header(setupTokenHeader), token)) return c.text("Not for you.", 403);
    await next();
    if (c.req.method !== "GET") setup.look();
  });
  app.route("/api", setupRoutes(traffic));
  app.route("/api", poolRoutes());
  app.route("/api", entryRoutes());
  app.route("/api", hdf5Routes());
  app.route("/api", manifestRoutes());
  app.route("/api", savedRoutes());
  app.notFound((c) =>
    c.json({ code: "NOT_FOUND", message: `There is no ${c.req.path} here.` }, 404),
  );
  app.onError(answerFailure);

  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
