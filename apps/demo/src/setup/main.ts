import { isLailaError, laila } from "@laila/core";
import { failureOf } from "../failure.js";
import type { ToSetup } from "../messages.js";
import { recover } from "./recover.js";
import { buildSample } from "./sample/build.js";
import { serveSetup } from "./server.js";
import { tell } from "./tell.js";
import { Traffic } from "./traffic.js";
import { watchOperations } from "./watch-operations.js";
import { watchSetup } from "./watch-setup.js";

/**
 * The process of the set-up: LAILA as any program uses it, and an HTTP server that the keeper asks. It can be
 * killed at any moment; a fresh one then recovers everything from the bucket.
 */
process.once("message", (message: ToSetup) => {
  void begin(message);
});
// Without its keeper it is of no use to anybody.
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches every process of the terminal; the keeper decides when this one ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => {
  void laila
    .close()
    .catch((error: unknown) => console.error(failureOf(error).message))
    .finally(() => process.exit(0));
});
tell({ type: "hello" });

async function begin(message: ToSetup): Promise<void> {
  try {
    await laila.readArgs("./secrets.toml");
    // Of a sample that is being made, only what comes afterwards is of interest.
    if (message.type === "sample") await buildSample(message);
    watchOperations();
    if (message.type === "recover") await recover(message.name);
    const traffic = new Traffic(4);
    const setup = watchSetup();
    tell({ type: "ready", port: await serveSetup({ token: message.token, traffic, setup }) });
  } catch (error) {
    if (!isLailaError(error)) console.error(error);
    tell({ type: "failed", failure: failureOf(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}
