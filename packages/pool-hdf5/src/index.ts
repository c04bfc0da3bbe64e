export type { HDF5PoolConfig } from "./config.js";
export type { ExportOutcome } from "./export.js";
export type { ExportOptions } from "./export-file.js";
export { HDF5Pool } from "./hdf5-pool.js";
export type { HDF5Inspection, HDF5Object } from "./inspection.js";
export type { HDF5Dataset, ReadDatasetsOptions } from "./read-datasets.js";
export type { Damage } from "./recovery.js";
export type { Repair, Verification } from "./verification.js";
