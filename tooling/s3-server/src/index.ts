export type { Fault, FaultHook, FaultRequest } from "./faults.js";
export type { RequestLogEntry } from "./server.js";
export { type S3Server, type S3ServerOptions, startS3Server } from "./start.js";
