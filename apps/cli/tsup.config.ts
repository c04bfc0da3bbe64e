import { library } from "@laila-tooling/tsup";

export default library({ main: "src/main.ts", index: "src/index.ts" });
