import { library } from "@laila-tooling/tsup";

export default library({ index: "src/index.ts", codecs: "src/codecs/index.ts" });
