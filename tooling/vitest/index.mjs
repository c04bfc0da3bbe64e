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
    test: {
      include: ["test/**/*.test.ts"],
      // A net for what hangs, not a measure: machines are busy at times.
      testTimeout: 180_000,
      hookTimeout: 180_000,
      expect: { poll: { timeout: 30_000 } },
      // The AWS SDK's notice to users of Node 20, which it would print once in each test file.
      env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      ...test,
    },
  });
