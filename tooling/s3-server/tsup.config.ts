import { library } from "@laila-tooling/tsup";

export default library(
  { index: "src/index.ts", main: "src/main.ts" },
  // Private to this repository: its types are read from the source.
  { onSuccess: undefined },
);
