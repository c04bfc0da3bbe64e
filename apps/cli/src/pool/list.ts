import { count, size, table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";
import { inspectValues, type ValueInfo } from "./inspect-values.js";

/** `laila pool list`. */
export const list: Command = (context) =>
  Project.use(context, async (project) => {
    const laila = await project.live();
    const { pools, alphaPool, nicknames } = laila.memory.poolRouter;
    const names = new Map([...nicknames].map(([name, id]) => [id, name]));
    const json = [...pools.values()].map((pool) => {
      const name = names.get(pool.globalId) ?? pool.nickname ?? null;
      const { class_token, package: from } = pool.toConfig();
      const proxy = pool.proxy && (names.get(pool.proxy.globalId) ?? pool.proxy.globalId);
      return {
        name,
        id: pool.globalId,
        class: class_token,
        package: from,
        store: name !== null && name === project.storeName,
        alpha: pool === alphaPool,
        proxy: proxy ?? null,
      };
    });
    const rows = json.map(({ name, id, class: token, store, alpha, proxy }) => {
      const roles = [
        ...(store ? ["store"] : []),
        ...(alpha ? ["alpha"] : []),
        ...(proxy === null ? [] : [`cache of ${proxy}`]),
      ];
      return [name ?? "", token, roles.join(", "), id];
    });
    return { json, text: table(["POOL", "CLASS", "ROLE", "ID"], rows) };
  });

/** `laila pool ls`. */
export const ls: Command = (context) =>
  Project.use(context, async (project) => {
    const pool = await project.chosen();
    const { given, signal, progress } = context;
    const prefix = given.operands[0];
    const keys: string[] = [];
    for await (const key of pool.keys({ ...(prefix === undefined ? {} : { prefix }), signal })) {
      keys.push(key);
      progress(`${keys.length} keys`);
    }
    keys.sort();
    if (!given.on("long")) return { json: keys, text: keys.join("\n") };
    const found = new Map<string, ValueInfo>();
    for await (const one of inspectValues(pool, keys, signal)) {
      found.set(one.key, one);
      progress(`${found.size} of ${keys.length} values`);
    }
    const json = keys.flatMap((key) => found.get(key) ?? []);
    const rows = json.map(({ key, bytes, codec, written, nickname, error }) => [
      size(bytes),
      codec ?? (error === null ? "" : "?"),
      written ?? "",
      key,
      nickname ?? (error instanceof Error ? error.message : ""),
    ]);
    context.say(count(json.length, "value"));
    return {
      json,
      text: rows.length === 0 ? "" : table(["SIZE", "TYPE", "WRITTEN", "KEY", "NICKNAME"], rows),
    };
  });
