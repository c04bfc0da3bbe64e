import { library } from "@laila-tooling/tsup";

// `#crc32` stays an import in the built files: package.json chooses the file by the runtime.
export default library(
  {
    index: "src/index.ts",
    codecs: "src/codecs/index.ts",
    "crc32-node": "src/crc32/node.ts",
    "crc32-table": "src/crc32/table.ts",
  },
  {
    external: ["#crc32", "node:zlib"],
    platform: "neutral",
    removeNodeProtocol: false,
    // What is bundled may have no `exports`, and then its ES modules are its "module".
    esbuildOptions: (options) => {
      options.mainFields = ["module", "main"];
    },
  },
);
