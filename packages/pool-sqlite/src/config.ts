import { path } from "@laila/pool";
import * as z from "zod";

export const configSchema = z.object({
  /**
   * The SQLite file. Relative paths are relative to the project; unless given, it is
   * `pools/<uuid of the pool>/pool.sqlite` in LAILA's home.
   */
  filePath: path(z.string().min(1)).optional(),
  /** The most bytes the file may have; a write beyond is NO_SPACE. At least 64 KiB. */
  maxBytes: z.int().min(65_536).optional(),
  /** How long a call waits for another process that holds the file, in milliseconds, before LOCKED. */
  busyTimeoutMs: z.int().min(0).max(3_600_000).default(30_000),
});

export type SQLitePoolConfig = z.input<typeof configSchema> & {
  readonly nickname?: string | undefined;
};
export type ParsedConfig = z.output<typeof configSchema>;
