import { runDurabilityChild } from "@laila/pool/testing";
import { HDF5Pool } from "@laila/pool-hdf5";

await runDurabilityChild(HDF5Pool);
