import { project } from "@laila-tooling/vitest";

// What a page has to come to; machines are busy at times.
export default project({ expect: { poll: { timeout: 30_000 } } });
