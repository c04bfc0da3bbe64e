export {
  type ArgReference,
  arg,
  defineConfig,
  type PoolEntry,
  type ProjectConfig,
  type SecretReference,
  secret,
} from "./project/define.js";
