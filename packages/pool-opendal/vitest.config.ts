import { project } from "@laila-tooling/vitest";

export default project({ globalSetup: ["test/build-child.ts"] });
