import { project } from "@laila-tooling/vitest";

export default project({
  // The SDK warns of things that these tests do on purpose.
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  silent: "passed-only",
});
