import { project } from "@laila-tooling/vitest";

// A workspace is copied, installed, checked and built.
export default project({ testTimeout: 300_000, hookTimeout: 300_000 });
