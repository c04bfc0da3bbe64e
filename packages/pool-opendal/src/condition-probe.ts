import { randomUUID } from "node:crypto";
import { LailaError } from "@laila/pool";
import type { Operator } from "opendal";
import { failureOf } from "./errors.js";

/** An ETag that no object has. */
const noVersion = `"${"0".repeat(32)}"`;

/**
 * Some servers ignore conditions, and every writer of a race would win. Before the first conditional write
 * it is tried on an object that is no key's. UNSUPPORTED if they are ignored.
 */
export async function probeConditions(operator: Operator): Promise<void> {
  const name = `!laila-probe-${randomUUID()}`;
  const nothing = Buffer.alloc(0);
  await operator.write(name, nothing);
  try {
    for (const condition of [{ ifNotExists: true }, { ifMatch: noVersion }]) {
      const done = await operator.write(name, nothing, condition).then(
        () => true,
        (error: unknown) => {
          if (failureOf(error)?.kind !== "ConditionNotMatch") throw error;
          return false;
        },
      );
      if (done) {
        throw new LailaError(
          "UNSUPPORTED",
          "The server ignores the conditions of writes, so that ifAbsent and ifVersion cannot hold. Write without them, or use another server.",
        );
      }
    }
  } finally {
    await operator.delete(name);
  }
}
