import { tmpdir } from "node:os";

/** Where the stores lie: `LAILA_BENCH_DIRECTORY`, for machines whose temporary directory is memory and no disk. */
export const place = process.env.LAILA_BENCH_DIRECTORY ?? tmpdir();
