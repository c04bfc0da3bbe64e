import { library } from "@laila-tooling/tsup";

export default library({
  index: "src/index.ts",
  layers: "src/layers/index.ts",
  node: "src/node/index.ts",
  opentelemetry: "src/opentelemetry/index.ts",
  testing: "src/testing/index.ts",
});
