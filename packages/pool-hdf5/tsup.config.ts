import { library } from "@laila-tooling/tsup";

export default library({ index: "src/index.ts", worker: "src/worker.ts" });
