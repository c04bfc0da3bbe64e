export type { HDF5PoolConfig } from "./config.js";
export { HDF5Pool } from "./hdf5-pool.js";
export type { HDF5Inspection, HDF5Object } from "./inspection.js";
export type { Damage } from "./recovery.js";
