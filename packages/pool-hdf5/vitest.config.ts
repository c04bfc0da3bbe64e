import { project } from "@laila-tooling/vitest";

export default project({
  globalSetup: ["test/build-worker.ts", "test/build-child.ts"],
  provide: { thorough: false },
});
