import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { inspect } from "node:util";
import { isLailaError, type LailaError } from "@laila/pool";
import { S3Pool } from "@laila/pool-s3";
import { type Fault, type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { type Operation, operations } from "./faults-operations.js";
import { expectNoSecret } from "./reports.js";
import { keysOf } from "./server.js";

/** Longer than the pool's own limits, several times over: what takes longer hangs. */
export const boundMs = 60_000;

const patienceMs = 15_000;
const silenceMs = 1500;

export const faults: Readonly<Record<string, Fault>> = {
  latency: { delayMs: 150 },
  silence: { delayMs: 60_000 },
  "500": { status: 500, code: "InternalError" },
  "503": { status: 503, code: "SlowDown" },
  "429": { status: 429, code: "TooManyRequests" },
  reset: "reset",
  "reset-in-request": "reset-in-request",
  "reset-after-commit": "reset-after-commit",
  "reset-in-reply": "reset-in-reply",
  truncate: "truncate",
  shorten: "shorten",
  flip: "flip",
  "flip-request": "flip-request",
  "slow body": { bodyMs: 400 },
  "clock skew": { clockSkewMs: 3_600_000 },
  "clock skew, behind": { clockSkewMs: -3_600_000 },
};

/** What somebody may be told whose request met one of these faults. */
const typed = ["UNAVAILABLE", "TIMEOUT", "CORRUPT", "CLOCK_SKEW", "CONFLICT"] as const;

/**
 * Nothing in S3's answers to listings and batches lets a client see that one bit of them is another one; over
 * https it cannot be. There, they only have to end.
 */
const invisible = (name: string, fault: Fault): boolean =>
  fault === "flip" && (name.startsWith("keys") || name === "deleteMany");

/** The SDK sets its clock by a server whose clock stays wrong; of one that is wrong once it cannot know. */
const isSkew = (fault: Fault): boolean => typeof fault === "object" && "clockSkewMs" in fault;

const isPatience = (fault: Fault): boolean =>
  fault === faults.latency || fault === faults["slow body"];

/** Whose answers are XML: one that arrives damaged is not asked for again. */
const answersXml = new Set([
  "open",
  "keys",
  "deleteMany",
  "read of what is not there",
  "exists of what is not there",
  "write in parts",
  "write in parts if version",
  "writeStream",
]);
const isDamage = ({ name, fault }: Cell): boolean =>
  answersXml.has(name) && (fault === "flip" || fault === "shorten");

/** Of silence one can only say that it was not endless. */
const getsOver = (cell: Cell): boolean =>
  cell.fault !== faults.silence &&
  (isPatience(cell.fault) ||
    (isSkew(cell.fault) ? cell.times > 1 : cell.times < 3 && !isDamage(cell)));

export interface Cell {
  readonly name: string;
  readonly fault: Fault;
  /** How many requests of each kind meet it, from the first on. */
  readonly times: number;
  /** The only kind that does. */
  readonly stage?: string | undefined;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

async function run(cell: Cell): Promise<{ outcome: Outcome; problems: string[]; met: number }> {
  const server = await startS3Server({ buckets: ["bucket"] });
  const pool = new S3Pool({
    ...keysOf(server),
    bucketName: "bucket",
    connectTimeoutMs: patienceMs,
    // Only where nobody answers; a machine that is busy with other things is slow, too.
    requestTimeoutMs: cell.fault === faults.silence ? silenceMs : patienceMs,
    partSizeBytes: 5 * 1024 ** 2,
  });
  try {
    const operation = operations[cell.name]?.(pool, server);
    if (!operation) throw new Error(`There is no operation ${cell.name}.`);
    await prepared(operation);
    const seen = new Map<string, number>();
    let met = 0;
    server.fault(({ operation: kind }) => {
      const before = seen.get(kind) ?? 0;
      seen.set(kind, before + 1);
      if (before >= cell.times || (cell.stage ?? kind) !== kind) return undefined;
      met += 1;
      return cell.fault;
    });
    const outcome = await settled(operation.act());
    server.fault(undefined);
    // What a broken request was doing in the server may end a moment later.
    await setTimeout(20);
    const problems = await operation.check(outcome);
    if (cell.stage !== undefined && (await partsLeft(server)) > 0) problems.push("left parts");
    return { outcome, problems, met };
  } finally {
    await pool.close();
    await server.close();
  }
}

/** Again where it took too long: nothing is wrong yet. */
async function prepared({ prepare }: Operation): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await prepare?.();
      return;
    } catch (error) {
      if (!isLailaError(error, "TIMEOUT") || attempt === 5) throw error;
    }
  }
}

/** What lies in the server and is no object yet: an upload that failed is aborted, which may take a moment. */
async function partsLeft({ directory }: S3Server): Promise<number> {
  for (let i = 0; ; i++) {
    const { length } = await readdir(join(directory, "staging"));
    if (length === 0 || i === 50) return length;
    await setTimeout(20);
  }
}

async function settled(work: Promise<unknown>): Promise<Outcome> {
  const late = Symbol("late");
  const ending = new AbortController();
  const outcome = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const bound = setTimeout(boundMs, late, { signal: ending.signal }).catch(() => late);
  const first = await Promise.race([outcome, bound]);
  ending.abort();
  if (first === late) throw new Error(`It had not ended after ${boundMs} ms.`);
  return first as Outcome;
}

/** What is wrong with a cell, in words; nothing when all is well. */
export async function judge(cell: Cell): Promise<string[]> {
  const told: string[] = [];
  const where = `${cell.name}, ${inspect(cell.fault)}, ${cell.stage ?? ""} ${cell.times === 1 ? "once" : "always"}`;
  try {
    const { outcome, problems, met } = await run(cell);
    if (met === 0) told.push("no request was made");
    if (!invisible(cell.name, cell.fault)) told.push(...problems);
    if ("error" in outcome) {
      const { error } = outcome;
      // The answer to HEAD does not say why it refuses.
      const mute = cell.name.startsWith("exists") && isSkew(cell.fault);
      const known = isLailaError(error, ...typed, ...(mute ? (["ACCESS_DENIED"] as const) : []));
      if (!known) told.push(`ended with ${String(error)}`);
      else told.push(...wordsWrongWith(error));
    }
    if ("error" in outcome && getsOver(cell)) {
      told.push(`did not get over it: ${String(outcome.error)}`);
    }
  } catch (error) {
    told.push(inspect(error));
  }
  return told.map((words) => `${where}: ${words}`);
}

function wordsWrongWith(error: LailaError): string[] {
  expectNoSecret(error, []);
  return /bucket bucket/.test(error.message) && /\. \S.*\.$/s.test(error.message)
    ? []
    : [`says too little: ${error.message}`];
}
