import { tmpdir } from "node:os";
import { join } from "node:path";
import { project } from "@laila-tooling/vitest";

const shared = project().test?.env;

export default project({
  globalSetup: "test/global-setup.ts",
  // What is accepted while testing is nobody's own; the setup removes it.
  env: { ...shared, LAILA_HOME: join(tmpdir(), `laila-e2e-home-${process.pid}`) },
});
