import { exempt, path } from "@laila/pool";
import * as z from "zod";

export const configSchema = z.object({
  /**
   * The directory. Relative paths are relative to the project; unless given, it is
   * `pools/<uuid of the pool>/files` in LAILA's home.
   */
  directory: path(z.string().min(1)).optional(),
  /**
   * Breaks the locks, and removes the temporary files, of writers of whom nobody can tell whether they live:
   * on another machine, or in another container. Only when they are certainly gone.
   */
  forceUnlock: exempt(z.boolean()).optional(),
});

export type FilesystemPoolConfig = z.input<typeof configSchema> & {
  readonly nickname?: string | undefined;
};
export type ParsedConfig = z.output<typeof configSchema>;
