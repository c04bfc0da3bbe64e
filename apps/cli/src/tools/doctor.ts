import { type DoctorReport, type Finding, isLailaError } from "@laila/core";
import { selectorOf, whichOf } from "../env/name.js";
import { recoveringOptions } from "../env/recovering.js";
import { count, shownText } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";

/** `laila doctor`: of a saved environment by its name, else of the project as it is. */
export const diagnose: Command = (context) =>
  Project.use(context, async (project) => {
    const { given } = context;
    const [operand] = given.operands;
    const which = whichOf(operand);
    const probe = !given.on("no-probe");
    const options = { ...(await recoveringOptions(context, project)), probe };
    const live = operand === undefined || which.live;
    const report = await examine(async () => {
      if (live) return (await project.live()).doctor(options);
      const name = project.nameOr(which.name);
      const pool = await project.chosen();
      return project.laila.doctor({ ...options, ...selectorOf(which), name, pool });
    });
    const what = live
      ? "the project"
      : `${report.name ?? operand}${report.version === null ? "" : `, version ${report.version}`}`;
    const head = `${what}: ${report.ok ? "would work here" : "would not work here"}, ${report.opened} of ${count(report.pools, "pool")} opened`;
    const text = [head, ...report.findings.flatMap((one) => lines(one, context.color))].join("\n");
    const fixable = report.findings.some(
      ({ severity, fix }) => severity === "error" && fix !== null,
    );
    const failed = report.ok
      ? undefined
      : `Next: ${fixable ? "run what is behind $, " : "mend what is said above, "}and laila doctor again.`;
    return { json: report, text, failed };
  });

function lines({ severity, code, poolName, text, fix }: Finding, color: boolean): string[] {
  const paint = color ? (severity === "error" ? "\u001b[31m" : "\u001b[33m") : "";
  const end = color ? "\u001b[0m" : "";
  const of = poolName === null ? "" : ` (${shownText(poolName)})`;
  return [
    `${paint}${severity} ${code}${end}${of}: ${shownText(text)}`,
    ...(fix === null ? [] : [`  $ ${shownText(fix)}`]),
  ];
}

/** What keeps the project from being set up at all is a finding like any other. */
async function examine(work: () => Promise<DoctorReport>): Promise<DoctorReport> {
  try {
    return await work();
  } catch (error) {
    if (!isLailaError(error, "INVALID_CONFIG", "MISSING_ARG", "MISSING_PACKAGE")) throw error;
    const { code, message, details } = error;
    const about = { pool: null, poolName: null, fix: null, details };
    const finding: Finding = { code, severity: "error", text: message, ...about };
    return { ok: false, findings: [finding], pools: 0, opened: 0, name: null, version: null };
  }
}
