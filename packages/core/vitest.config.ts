import { project } from "@laila-tooling/vitest";

// Here on MemoryPool only: tests of core with S3Pool or HDF5Pool live in tooling/e2e, because
// core may not know a backend, not even in development (`turbo boundaries` sees no difference).
export default project();
