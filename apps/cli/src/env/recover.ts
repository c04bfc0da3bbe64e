import { formatPlan } from "@laila/core";
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
    const options = {
      ...(await recoveringOptions(context, project)),
      ...selectorOf(which),
      name,
      pool: await project.chosen(),
    };
    const plan = await project.laila.recoverPolicy({ ...options, dryRun: true });
    if (context.given.on("dry-run")) {
      const failed = plan.ok ? undefined : "Next: laila doctor prints what mends each of these.";
      return { json: plan, text: formatPlan(plan), failed };
    }
    const policy = await project.laila.recoverPolicy(options);
    try {
      const { pools, nicknames } = policy.central.memory.poolRouter;
      const names = new Map([...nicknames].map(([nickname, id]) => [id, nickname]));
      const built = [...pools.values()].map((pool) => ({
        id: pool.globalId,
        nickname: pool.nickname ?? names.get(pool.globalId) ?? null,
        class: pool.toConfig().class_token,
      }));
      const { version } = plan;
      context.say(
        `${name}, version ${version ?? "?"}: recovered, ${count(built.length, "pool")} opened.`,
      );
      const json = { name, version, policy: policy.globalId, pools: built };
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
