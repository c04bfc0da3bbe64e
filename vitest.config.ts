import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      "packages/*/vitest.config.ts",
      "apps/*/vitest.config.ts",
      "tooling/*/vitest.config.ts",
    ],
    // Vitest leaves one core free; of two cores that is half, and tests here wait for disks and servers a lot.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
