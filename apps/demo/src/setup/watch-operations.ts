import { subscribe } from "node:diagnostics_channel";
import { isLailaError, operationChannel, type PoolOperation } from "@laila/core";
import type { Operation } from "../api.js";
import { tell } from "./tell.js";

/** How often the keeper is told, and of how many at most. */
const everyMs = 100;
const atMost = 200;

/** Tells the keeper of what goes into pools and comes out of them, as the policy tells of it. */
export function watchOperations(): void {
  let operations: Operation[] = [];
  let left = 0;
  subscribe(operationChannel, (message) => {
    if (operations.length < atMost) operations.push(operationOf(message as PoolOperation));
    else left++;
  });
  setInterval(() => {
    if (operations.length === 0) return;
    tell({ type: "operations", event: { operations, left } });
    operations = [];
    left = 0;
  }, everyMs).unref();
}

function operationOf({ verb, poolId, key, bytes, ms, error }: PoolOperation): Operation {
  const code = isLailaError(error) ? error.code : "FAILED";
  const failed = error === undefined ? null : code;
  return { verb, poolId, key, bytes: bytes ?? null, ms, failed, at: Date.now() };
}
