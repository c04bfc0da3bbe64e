import { project } from "@laila-tooling/vitest";

// Installing from tarballs takes npm a while on a cold cache.
export default project({
  globalSetup: "test/support/pack.global.ts",
  hookTimeout: 300_000,
});
