export type { ExamplePoolConfig } from "./config.js";
export { ExamplePool } from "./example-pool.js";
