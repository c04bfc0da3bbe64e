import { project } from "@laila-tooling/vitest";

export default project({ globalSetup: "test/global-setup.ts" });
