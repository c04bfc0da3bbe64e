import { fileURLToPath } from "node:url";
import { TestChild } from "@laila-tooling/vitest/child";
import type { ChildTask } from "./child.js";

const entry = fileURLToPath(new URL("../node_modules/.laila-test/child.mjs", import.meta.url));

/** A real process that works on a pool, and what it says. */
export class Child extends TestChild {
  constructor(task: ChildTask, options?: { readonly shell?: string }) {
    super(entry, task, options);
  }
}
