import { fileURLToPath } from "node:url";
import { TestChild } from "@laila-tooling/vitest/child";
import type { ChildTask } from "./child.js";

const entry = fileURLToPath(new URL("../node_modules/.laila-test-child.js", import.meta.url));

/** A real process that works on a pool, and what it says. */
export class Child extends TestChild {
  constructor(task: ChildTask) {
    super(entry, task);
  }
}
