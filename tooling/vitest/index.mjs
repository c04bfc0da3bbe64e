import { defineConfig } from "vitest/config";

const conditions = ["@laila/source", "node", "import", "default"];

/**
 * Tests run on source: workspace packages resolve through their "@laila/source" condition.
 *
 * @param {import("vitest/config").ViteUserConfig["test"]} [test]
 */
export const project = (test = {}) =>
  defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: ["node", "import", "default"] } },
    test: { include: ["test/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 60_000, ...test },
  });
