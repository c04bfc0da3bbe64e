export {
  type Fault,
  type FaultHook,
  type FaultName,
  type FaultRequest,
  type FaultRule,
  faultPlan,
} from "./faults.js";
export type { RequestLogEntry } from "./server.js";
export { type S3Server, type S3ServerOptions, startS3Server } from "./start.js";
