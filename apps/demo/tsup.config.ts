import { library } from "@laila-tooling/tsup";

export default library(
  { main: "src/main.ts", first: "src/first.ts", second: "src/second.ts" },
  { onSuccess: undefined },
);
