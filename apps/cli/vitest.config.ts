import { project } from "@laila-tooling/vitest";

// Each command is a process of its own, on a machine that does other things, too.
export default project();
