import { type Finding, finding } from "./finding.js";
import { clockFix } from "./fixes.js";
import { clockSkew } from "./machine.js";

const minute = 60_000;
/** Servers of S3 refuse what was signed more than a quarter of an hour ago, or will be. */
const refusedMs = 15 * minute;
const toldMs = 5 * minute;

/** Compares this clock with those of servers, which refuse signatures of another time. */
export async function checkClocks(
  origins: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const web = [...origins].filter((origin) => /^https?:/.test(origin));
  const found = await Promise.all(
    web.map(async (origin) => [origin, await clockSkew(origin, signal)] as const),
  );
  return found.flatMap(([origin, skew]) => {
    if (skew === undefined || Math.abs(skew) < toldMs) return [];
    const minutes = Math.round(Math.abs(skew) / minute);
    const text = `This machine's clock is ${minutes} minutes ${skew > 0 ? "ahead of" : "behind"} that of ${origin}. Signatures of another time are refused: set it.`;
    const severity = Math.abs(skew) >= refusedMs ? ("error" as const) : ("warning" as const);
    const details = { origin, skewMs: Math.round(skew) };
    return [finding("CLOCK_SKEW", text, {}, { severity, fix: clockFix, details })];
  });
}
