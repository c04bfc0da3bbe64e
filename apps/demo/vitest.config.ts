import { project } from "@laila-tooling/vitest";

export default project({ testTimeout: 120_000 });
