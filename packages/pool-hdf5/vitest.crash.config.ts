import { project } from "@laila-tooling/vitest";

/** `pnpm test:crash`: the tests of durability, each with all of what else is only a sample. */
export default project({
  globalSetup: ["test/build-worker.ts", "test/build-child.ts"],
  include: ["test/{crash,crash-points,every-fault,bit-flips,framing}.test.ts"],
  provide: { thorough: true },
  testTimeout: 3_600_000,
});
