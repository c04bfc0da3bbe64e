#!/usr/bin/env node
import { runLaila } from "./run.js";

process.exitCode = await runLaila(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});
