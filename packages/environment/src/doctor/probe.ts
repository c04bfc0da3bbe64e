import { randomBytes } from "node:crypto";
import type { PoolLike } from "@laila/pool";
import { LailaError, newUuid } from "@laila/schema";
import { type About, type Finding, finding, findingsOf } from "./finding.js";

export interface ProbeOptions {
  readonly about: About;
  readonly fixOf: (error: unknown) => string | null;
  readonly signal: AbortSignal;
  /** Whether a value is written, read and deleted; else the pool is only opened. */
  readonly write: boolean;
}

export interface Probed {
  readonly findings: readonly Finding[];
  readonly isOpen: boolean;
}

/** Opens a pool, and writes, reads and removes a value of a few bytes. What fails is found, nothing thrown. */
export async function probePool(pool: PoolLike, options: ProbeOptions): Promise<Probed> {
  const { about, fixOf, signal, write } = options;
  const findings: Finding[] = [];
  let isOpen = false;
  const key = `laila-doctor-${newUuid()}`;
  let written = false;
  try {
    await pool.open({ signal });
    isOpen = true;
    if (!write) return { findings, isOpen };
    const bytes = randomBytes(32);
    written = true;
    await pool.write(key, bytes, { signal });
    const found = await pool.read(key, { signal });
    if (!found || !bytes.equals(found.bytes)) throw notKept(pool);
  } catch (error) {
    findings.push(...findingsOf(error, about, fixOf));
  }
  // A write that failed may have happened nevertheless.
  if (written) findings.push(...(await removed(pool, key, about)));
  return { findings, isOpen };
}

/** Without the signal: who gives up must not leave anything behind. */
async function removed(pool: PoolLike, key: string, about: About): Promise<Finding[]> {
  try {
    await pool.delete(key);
    if (!(await pool.exists(key))) return [];
    return [left(key, about, "it is still there after it was deleted")];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // Whoever may not write has left nothing, and may not delete either.
    const there = await pool.exists(key).catch(() => true);
    return there ? [left(key, about, why)] : [];
  }
}

function left(key: string, about: About, why: string): Finding {
  const name = about.poolName ?? about.pool ?? "";
  const fix = /^[\w.:-]+$/.test(name) ? `laila pool rm ${key} --pool ${name}` : null;
  return finding(
    "PROBE_LEFT",
    `The probe ${key} may be left behind: ${why} Remove it when the pool is well.`,
    about,
    { severity: "warning", fix, details: { key } },
  );
}

function notKept({ nickname, globalId }: PoolLike): LailaError {
  return new LailaError(
    "CORRUPT",
    `The pool ${nickname ?? globalId} did not give back what was just written to it. Do not use it: find out what is wrong with its storage.`,
  );
}
