import type { PoolLike } from "@laila/core";
import { count, size, table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command, Context } from "../spec.js";
import { inspectValues } from "./inspect-values.js";

const listed = 100;

/** `laila pool verify`. */
export const verify: Command = (context) =>
  Project.use(context, async (project) => {
    const pool = await project.chosen();
    const counts = { whole: 0, unverified: 0, damaged: 0, failed: 0 };
    const problems: { key: string; code: string; message: string }[] = [];
    let values = 0;
    let bytes = 0;
    for await (const one of everyValue(pool, context)) {
      counts[one.state]++;
      values++;
      bytes += one.bytes;
      context.progress(`Verified ${values} values, ${size(bytes)}`);
      if (one.state !== "damaged" && one.state !== "failed") continue;
      const code =
        one.error instanceof Error && "code" in one.error ? String(one.error.code) : one.state;
      const message = one.error instanceof Error ? one.error.message : "";
      if (problems.length < listed) problems.push({ key: one.key, code, message });
    }
    const bad = counts.damaged + counts.failed;
    const ok = bad === 0;
    const summary = `${count(values, "value")}, ${size(bytes)}: ${counts.whole} whole, ${counts.unverified} unverified, ${counts.damaged} damaged, ${counts.failed} failed`;
    const failed = ok
      ? undefined
      : "Next: laila manifest repair NAME --from POOL brings what a manifest needs from another pool.";
    const json = { pool: pool.globalId, ok, values, bytes, ...counts, problems };
    return {
      json,
      text: [summary, ...problems.map(({ key, message }) => `${key}: ${message}`)].join("\n"),
      failed,
    };
  });

/** `laila pool du`. */
export const du: Command = (context) =>
  Project.use(context, async (project) => {
    const pool = await project.chosen();
    const none = () => ({ values: 0, bytes: 0 });
    const kinds = { entries: none(), manifests: none(), other: none() };
    const all = none();
    for await (const { key, bytes } of everyValue(pool, context)) {
      for (const sum of [kinds[kindOf(key)], all]) {
        sum.values++;
        sum.bytes += bytes;
      }
      context.progress(`${all.values} values, ${size(all.bytes)}`);
    }
    const rows = [...Object.entries(kinds), ["all", all] as const].map(([name, sum]) => [
      name,
      String(sum.values),
      size(sum.bytes),
    ]);
    return {
      json: { pool: pool.globalId, ...all, kinds },
      text: table(["KIND", "VALUES", "SIZE"], rows),
    };
  });

function everyValue(pool: PoolLike, { given, signal }: Context) {
  const prefix = given.operands[0];
  return inspectValues(
    pool,
    pool.keys({ ...(prefix === undefined ? {} : { prefix }), signal }),
    signal,
  );
}

function kindOf(key: string): "entries" | "manifests" | "other" {
  if (key.startsWith("LAILA:ENTRY:")) return "entries";
  return key.startsWith("LAILA:MANIFEST:") ? "manifests" : "other";
}
