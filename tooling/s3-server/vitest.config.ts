import { project } from "@laila-tooling/vitest";

// The SDK warns of things that these tests do on purpose.
export default project({ silent: "passed-only" });
