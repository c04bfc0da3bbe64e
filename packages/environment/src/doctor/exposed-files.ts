import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { argEntries, toArgs } from "../args/args.js";
import { isExposed, restrict } from "../args/permissions.js";
import { type Finding, finding } from "./finding.js";

/** The files that arguments were read from, which others than their owners can read. */
export async function exposedFiles(
  args: object | undefined,
  directory: string,
): Promise<Finding[]> {
  const files = new Set(argEntries(toArgs(args)).flatMap(({ source }) => source.file ?? []));
  const findings: Finding[] = [];
  for (const file of files) {
    const path = resolve(directory, file);
    // A file that has gone since it was read exposes nothing.
    const found = await stat(path).catch(() => undefined);
    if (!found || !isExposed(found.mode)) continue;
    const text = `Others than its owner can read ${path}, from which arguments were read.`;
    const more = { severity: "warning", fix: restrict(path), details: { file: path } } as const;
    findings.push(finding("READABLE_SECRETS", text, {}, more));
  }
  return findings;
}
