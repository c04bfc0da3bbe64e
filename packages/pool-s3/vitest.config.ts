import { project } from "@laila-tooling/vitest";

export default project({
  // The SDK's notice to users of Node 20, once in each test file.
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
});
