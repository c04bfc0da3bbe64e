import { library } from "@laila-tooling/tsup";

// Two whole files and no cleaning: tests of this package and of others may be starting workers from `dist`.
export default library(
  { index: "src/index.ts", worker: "src/worker.ts" },
  { clean: false, splitting: false },
);
