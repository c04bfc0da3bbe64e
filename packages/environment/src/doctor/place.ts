import { access, readdir } from "node:fs/promises";
import { basename, dirname, isAbsolute } from "node:path";
import { innermost, type PoolLike } from "@laila/pool";
import { fieldMark, fieldsOf } from "@laila/schema";
import { quoted } from "../args/permissions.js";
import { classOf } from "../capture/capture-pool.js";
import type { DoctorContext } from "./doctor.js";
import { type About, type Finding, finding } from "./finding.js";
import { freeBytes, isWritable, nearestDirectory } from "./machine.js";

/** The paths of this machine where a pool has its files, as its class marks them. */
function placesOf(pool: PoolLike): string[] {
  const schema = classOf(pool)?.configSchema;
  if (!schema) return [];
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    if (fieldMark(field)?.laila !== "path") return [];
    const actual: unknown = Reflect.get(innermost(pool), name);
    return typeof actual === "string" && isAbsolute(actual) ? [actual] : [];
  });
}

/** Whether the places of a pool are there, can be written, and have space left. Nothing is made. */
export async function checkPlaces(
  pool: PoolLike,
  about: About,
  { minFreeBytes }: DoctorContext,
): Promise<{ readonly findings: Finding[]; readonly isThere: boolean }> {
  const findings: Finding[] = [];
  let isThere = true;
  for (const path of placesOf(pool)) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    isThere &&= exists || (await hasCompanions(path));
    const directory = await nearestDirectory(exists ? path : dirname(path));
    if (!(await isWritable(directory))) {
      findings.push(
        finding(
          "NOT_WRITABLE",
          `The directory ${directory} cannot be written by this user, so that ${path} cannot be ${exists ? "changed" : "made"}.`,
          about,
          { fix: `chmod u+rwx ${quoted(directory)}`, details: { path, directory } },
        ),
      );
    }
    const free = await freeBytes(directory);
    if (free !== undefined && free < minFreeBytes) {
      findings.push(
        finding("DISK_SPACE", `Only ${free} bytes are free on the disk of ${path}.`, about, {
          severity: "warning",
          fix: `df -h ${quoted(directory)}`,
          details: { path, free },
        }),
      );
    }
  }
  return { findings, isThere };
}

/** What stores put behind the name of their file: of HDF5Pool, and of SQLite. Not a copy (`x.h5.bak`). */
const companion = /^(?:\.lock|\.sum|\.journal\.\d+|-wal|-shm|-journal)$/;

/** A store that is young may have its journal and its lock only: files that are called after it. */
async function hasCompanions(path: string): Promise<boolean> {
  const file = basename(path);
  const beside = await readdir(dirname(path)).catch(() => []);
  return beside.some((name) => name.startsWith(file) && companion.test(name.slice(file.length)));
}
