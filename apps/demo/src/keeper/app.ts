import { fileURLToPath } from "node:url";
import type { HttpBindings } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import * as z from "zod";
import type { KillRequest, RecoverRequest, RecoverStep } from "../api.js";
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

/** The steps as they begin and end. The one that failed says why; what is no step's fault is thrown. */
async function* stepsOf(life: Life, name: string): AsyncGenerator<RecoverStep> {
  const steps: RecoverStep[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const recovery = life
    .recover(name, (step) => {
      steps.push(step);
      wake();
    })
    .finally(() => {
      isOver = true;
      wake();
    });
  // It is awaited below, when the steps are told.
  recovery.catch(() => undefined);
  let hasFailed = false;
  for (;;) {
    for (const step of steps.splice(0)) {
      hasFailed ||= step.failure !== undefined;
      yield step;
    }
    if (isOver && steps.length === 0) break;
    if (steps.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  if (!hasFailed) await recovery;
}
