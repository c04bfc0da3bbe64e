import { formatPlan, isLailaError, versionAt } from "@laila/core";
import { count, table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";
import { invalid, selectorOf, whichOf } from "./name.js";
import { recoveringOptions } from "./recovering.js";

/** `laila env recover`. */
export const recover: Command = (context) =>
  Project.use(context, async (project) => {
    const which = whichOf(context.given.operands[0]);
    if (which.live) throw invalid("Only what was saved can be recovered: laila env recover NAME.");
    const name = project.nameOr(which.name);
    const pool = await project.chosen();
    const options = await recoveringOptions(context, project);
    if (context.given.on("dry-run")) {
      const selected = { ...options, ...selectorOf(which), name, pool };
      const plan = await project.laila.recoverPolicy({ ...selected, dryRun: true });
      const failed = plan.ok ? undefined : "Next: laila doctor prints what mends each of these.";
      return { json: plan, text: formatPlan(plan), failed };
    }
    const where = { name, pool, namespace: project.laila.namespace, signal: context.signal };
    // The one that is told of is the one that is recovered, whoever saves meanwhile.
    const version = await versionAt({ ...where, ...selectorOf(which) }).then(
      (info) => info.version,
      (error: unknown) => {
        // A manifest of a configuration that was memorized by hand has no versions.
        if (isLailaError(error, "INVALID_DOCUMENT")) return undefined;
        throw error;
      },
    );
    const policy = await project.laila.recoverPolicy({ ...options, version, name, pool });
    try {
      const { pools, nicknames } = policy.central.memory.poolRouter;
      const names = new Map([...nicknames].map(([nickname, id]) => [id, nickname]));
      const built = [...pools.values()].map((pool) => ({
        id: pool.globalId,
        nickname: pool.nickname ?? names.get(pool.globalId) ?? null,
        class: pool.toConfig().class_token,
      }));
      const shown = version === undefined ? name : `${name}, version ${version}`;
      context.say(`${shown}: recovered, ${count(built.length, "pool")} opened.`);
      const json = { name, version: version ?? null, policy: policy.globalId, pools: built };
      return {
        json,
        text: table(
          ["POOL", "CLASS", "ID"],
          built.map((one) => [one.nickname ?? "", one.class, one.id]),
        ),
      };
    } finally {
      await policy.close();
    }
  });
