import { project } from "@laila-tooling/vitest";

export default project({ globalSetup: ["../../packages/pool-hdf5/test/build-worker.ts"] });
