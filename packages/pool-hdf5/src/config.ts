import { exempt, path } from "@laila/pool";
import * as z from "zod";

export const configSchema = z.object({
  /**
   * The HDF5 file. Relative paths are relative to the project; unless given, it is
   * `pools/<uuid of the pool>/pool.h5` in LAILA's home.
   */
  filePath: path(z.string().min(1)).optional(),
  /**
   * At how many bytes of journal a new snapshot is written (or at half the snapshot's size, whichever is
   * more). 64 MiB unless given.
   */
  checkpointBytes: z.number().int().min(1024).optional(),
  /**
   * The file is also written anew when this part of it, from 0 to 1, are values that were overwritten or deleted (and
   * they are at least `checkpointBytes`): that gives their space back. 0.5 unless given; 1: only as the journal grows.
   */
  reclaimRatio: z.number().min(0).max(1).optional(),
  /**
   * False: closing leaves the journals beside the file, unless they are large enough. Then closing is quick, the next
   * opening reads them, and other programs don't see in the file what was written last. True unless given.
   */
  checkpointOnClose: z.boolean().optional(),
  /**
   * Only reads, beside the process that writes: without a lock, and what the last checkpoint put into the file. Newer
   * checkpoints are followed.
   */
  readOnly: z.boolean().optional(),
  /** Takes the lock even if its holder may still live. Only for a holder that is certainly gone. */
  forceUnlock: exempt(z.boolean()).optional(),
});

export type HDF5PoolConfig = z.input<typeof configSchema> & {
  readonly nickname?: string | undefined;
};
export type ParsedConfig = z.output<typeof configSchema>;
