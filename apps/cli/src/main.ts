#!/usr/bin/env node
import { runLaila } from "./run.js";

// The SDK's notice that its next releases need Node 22 would stand before every result.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

process.exitCode = await runLaila(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});
