import { fileURLToPath } from "node:url";
import type { HttpBindings } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import * as z from "zod";
import type { KillRequest, RecoverRequest, RecoverStep } from "../api.js";
import { failureOf } from "../failure.js";
import { answerFailure, bodyOf, limit, lines } from "../http.js";
import type { Events } from "./events.js";
import { guard, headers } from "./guard.js";
import type { Life } from "./life.js";
import { passOn } from "./pass-on.js";

const killSchema = z.strictObject({
  deleteFiles: z.boolean(),
}) satisfies z.ZodType<KillRequest>;
const recoverSchema = z.strictObject({
  name: z.string().min(1).max(200),
}) satisfies z.ZodType<RecoverRequest>;

interface KeeperApp {
  readonly life: Life;
  readonly events: Events;
  readonly token: string;
  readonly host: string;
  readonly port: number;
}

/** What the keeper answers itself, and what it passes on. */
export function keeperApp({
  life,
  events,
  ...address
}: KeeperApp): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(headers);
  app.use(guard(address));

  app.get("/api/life", async (c) => c.json(await life.state()));

  app.post("/api/life/kill", limit(4096), async (c) => {
    await life.kill(await bodyOf(c, killSchema));
    return c.json(await life.state());
  });

  app.post("/api/life/recover", limit(4096), async (c) => {
    const { name } = await bodyOf(c, recoverSchema);
    return lines(stepsOf(life, name));
  });

  app.get("/api/events", async () => events.answer(await life.state()));

  app.all("/api/*", (c) => passOn(c, life.address));

  const page = fileURLToPath(new URL("./page", import.meta.url));
  app.get("*", serveStatic({ root: page }));
  app.notFound((c) => c.text("There is nothing here.", 404));
  app.onError(answerFailure);
  return app;
}

/**
 * The steps as they begin and end. What went wrong is the failure of the step that it happened in, and is
 * thrown only where there was none. Who stops listening stops nothing.
 */
function stepsOf(life: Life, name: string): ReadableStream<RecoverStep> {
  let last: RecoverStep | undefined;
  let isHeard = true;
  return new ReadableStream({
    async start(controller) {
      const tell = (step: RecoverStep): void => {
        last = step;
        if (isHeard) controller.enqueue(step);
      };
      try {
        await life.recover(name, tell);
      } catch (error) {
        if (!last) throw error;
        if (!last.failure) tell({ ...last, ms: last.ms ?? 0, failure: failureOf(error) });
      }
      if (isHeard) controller.close();
    },
    cancel() {
      isHeard = false;
    },
  });
}
