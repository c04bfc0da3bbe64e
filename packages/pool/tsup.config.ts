import { library } from "@laila-tooling/tsup";

export default library({ index: "src/index.ts", testing: "src/testing/index.ts" });
