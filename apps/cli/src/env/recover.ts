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
    const { signal } = context;
    const { namespace } = project.laila;
    if (context.given.on("dry-run")) {
      const selected = { ...options, ...selectorOf(which), name, pool };
      const plan = await project.laila.recoverPolicy({ ...selected, dryRun: true });
      const failed = plan.ok ? undefined : "Next: laila doctor prints what mends each of these.";
      return { json: plan, text: formatPlan(plan), failed };
    }
    const look = () => versionOf({ name, pool, namespace, signal, ...selectorOf(which) });
    const before = await look();
    // Without a number that nobody asked for: a recovery refuses a version older than the one it accepted last.
    const policy = await project.laila.recoverPolicy({
      ...options,
      ...selectorOf(which),
      name,
      pool,
    });
    try {
      // Somebody who saved meanwhile leaves it open which of the two it was.
      const version = (await look()) === before ? before : undefined;
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

/** Undefined for a manifest of a configuration that was memorized by hand, which has no versions. */
async function versionOf(which: Parameters<typeof versionAt>[0]): Promise<number | undefined> {
  try {
    return (await versionAt(which)).version;
  } catch (error) {
    if (isLailaError(error, "INVALID_DOCUMENT")) return undefined;
    throw error;
  }
}
