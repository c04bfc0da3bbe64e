import { resolve } from "node:path";
import type { Policy } from "@laila/policy";
import { isLailaError, LailaError } from "@laila/schema";
import { checkRecoverOptions } from "../recover/check-options.js";
import type { Recovering, RecoverOptions } from "../recover/options.js";
import { readSource } from "../recover/prepare.js";
import { exposedFiles } from "./exposed-files.js";
import { type Finding, finding, findingsOf } from "./finding.js";
import { checkLive } from "./live.js";
import { installCommand, isOldNode, type Machine, packageManagerOf } from "./machine.js";
import { checkSource } from "./saved.js";

/** What the doctor is told besides what a recovery is. */
export interface DoctorOptions {
  /** Whether a small value is written to each pool, read and removed. Yes unless said. */
  readonly probe?: boolean | undefined;
  /** How long one pool may take, in milliseconds; 15,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Less space than this on a pool's disk is told of, in bytes; 256 MiB unless given. */
  readonly minFreeBytes?: number | undefined;
  readonly machine?: Machine | undefined;
}

/** A live policy to test, in place of a document. */
export interface DoctorLive {
  readonly policy: Policy;
}

export interface DoctorReport {
  /** Whether no finding is an error: it would work here. */
  readonly ok: boolean;
  /** Errors first. */
  readonly findings: readonly Finding[];
  /** How many pools were looked at, and how many of them were opened. */
  readonly pools: number;
  readonly opened: number;
  /** Of an environment saved under a name. */
  readonly name: string | null;
  readonly version: number | null;
}

/** What a check came to. */
export interface Checked {
  readonly findings: readonly Finding[];
  readonly pools: number;
  readonly opened: number;
  readonly name?: string | undefined;
  readonly version?: number | undefined;
}

/** The options with everything decided. */
export interface DoctorContext {
  readonly probe: boolean;
  readonly timeoutMs: number;
  readonly minFreeBytes: number;
  readonly manager: NonNullable<Machine["packageManager"]>;
  readonly directory: string;
  readonly secretsFile: string;
}

const ownNames: readonly (keyof (DoctorOptions & DoctorLive))[] = [
  "probe",
  "timeoutMs",
  "minFreeBytes",
  "machine",
  "policy",
];

const mebibyte = 1024 ** 2;

/**
 * Whether an environment would work on this machine: one that is saved, a document, or a live policy. Takes
 * the options of a recovery, and finds what that would meet, all of it and not only the first: packages
 * and secrets that are missing, destinations that are not trusted, storage that cannot be reached, may not be
 * used, is in another region, locked, not writable or full, clocks, this Node, documents of a newer LAILA.
 * Pools that may not be trusted are not opened. Writes nothing but a probe of 32 bytes in each pool that it
 * opens, and removes it; a pool whose file is not there yet is not made. A live pool stays open.
 *
 * Never throws for what it looks for; INVALID_ARGUMENT for options that there are not.
 */
export async function doctor(
  options: DoctorOptions & ((RecoverOptions & DoctorLive) | Recovering),
): Promise<DoctorReport> {
  const { probe, timeoutMs, minFreeBytes, machine = {}, ...rest } = checked(options);
  const directory = resolve(rest.directory ?? ".");
  const context: DoctorContext = {
    probe: probe ?? true,
    timeoutMs: timeoutMs ?? 15_000,
    minFreeBytes: minFreeBytes ?? 256 * mebibyte,
    manager: machine.packageManager ?? packageManagerOf(directory),
    directory,
    secretsFile: "secrets.toml",
  };
  const findings = [...nodeFindings(machine), ...(await exposedFiles(rest.args, directory))];
  const found = "policy" in rest ? await checkLive(rest, context) : await look(rest, context);
  findings.push(...found.findings);
  findings.sort((a, b) => rank(a) - rank(b));
  return {
    ok: findings.every(({ severity }) => severity !== "error"),
    findings,
    pools: found.pools,
    opened: found.opened,
    name: found.name ?? null,
    version: found.version ?? null,
  };
}

function rank({ severity }: Finding): number {
  return severity === "error" ? 0 : 1;
}

function checked<T extends DoctorOptions & ((RecoverOptions & DoctorLive) | Recovering)>(
  options: T,
): T {
  checkRecoverOptions(options as never, "doctor", ownNames);
  for (const name of ["timeoutMs", "minFreeBytes"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0))
      throw new LailaError("INVALID_ARGUMENT", `doctor: ${name} must be a number from 0.`);
  }
  if ("policy" in options && options.policy?.central === undefined)
    throw new LailaError(
      "INVALID_ARGUMENT",
      "doctor: policy must be a policy, such as laila.policy.",
    );
  return options;
}

function nodeFindings({ nodeVersion = process.versions.node }: Machine): Finding[] {
  if (!isOldNode(nodeVersion)) return [];
  const text = `This is Node ${nodeVersion}; LAILA needs 20.19 or newer. Install a newer one.`;
  return [finding("NODE_VERSION", text, {}, { fix: "nvm install --lts" })];
}

/** What can be said of a document before its pools are looked at. */
async function look(options: Recovering, context: DoctorContext): Promise<Checked> {
  try {
    const source = await readSource(options);
    return await checkSource(source, options, context);
  } catch (error) {
    if (isLailaError(error, "INVALID_ARGUMENT")) throw error;
    const fixOf = (one: unknown): string | null =>
      isLailaError(one, "UNSUPPORTED_VERSION")
        ? installCommand(context.manager, "@laila/core@latest")
        : null;
    return { findings: findingsOf(error, {}, fixOf), pools: 0, opened: 0 };
  }
}
