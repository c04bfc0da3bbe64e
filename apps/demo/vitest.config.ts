import { project } from "@laila-tooling/vitest";

export default project();
