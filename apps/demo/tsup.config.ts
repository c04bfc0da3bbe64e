import { library } from "@laila-tooling/tsup";

/** The program, and those that it starts as processes of their own, side by side. */
export default library(
  {
    main: "src/main.ts",
    setup: "src/setup/main.ts",
    first: "src/terminal/first.ts",
    second: "src/terminal/second.ts",
  },
  // The page, which Vite builds, lies there too.
  { clean: ["!page", "!page/**"], onSuccess: undefined },
);
