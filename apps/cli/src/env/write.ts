import { userInfo } from "node:os";
import {
  environmentHistory,
  labelEnvironment,
  pruneEnvironment,
  rollbackEnvironment,
} from "@laila/core";
import { readNamedText } from "../files.js";
import { count, table } from "../format.js";
import { Project } from "../project/project.js";
import type { Command, Context } from "../spec.js";
import { invalid, numberOf, pairOf, selectorOf, whichOf, wholeNumber, withTime } from "./name.js";

/** Who and why, of `save`, `rollback` and `seal`. */
export async function versionOptions({ given, env, cwd }: Context) {
  const key = given.text("sign");
  return {
    message: given.text("message"),
    author: given.text("author") ?? (env.LAILA_AUTHOR || userName()),
    force: given.on("force"),
    unsafe: given.on("unsafe"),
    sign: key === undefined ? undefined : await readNamedText(cwd, key),
  };
}

/** Undefined for a user whom the system does not know, as in some containers. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** `laila env save`. */
export const save: Command = (context) =>
  Project.use(context, async (project) => {
    const { name: operand } = whichOf(context.given.operands[0]);
    const name = project.nameOr(operand);
    const laila = await project.live(name);
    const pool = await project.chosen();
    const json = await laila.saveEnvironment(laila.environment, {
      name,
      pool,
      signal: context.signal,
      ...(await versionOptions(context)),
    });
    const text = json.created
      ? `${name}, version ${json.version}`
      : `${name}, version ${json.version} (nothing changed)`;
    return { json, text };
  });

/** `laila env rollback`. */
export const rollback: Command = (context) =>
  Project.use(context, async (project) => {
    const which = withTime(whichOf(context.given.operands[0]), context);
    if (which.live)
      throw invalid("Only what was saved can be rolled back to: laila env rollback NAME@VERSION.");
    const name = project.nameOr(which.name);
    const pool = await project.chosen();
    const namespace = project.laila.namespace;
    const json = await rollbackEnvironment({
      name,
      pool,
      namespace,
      signal: context.signal,
      ...(await versionOptions(context)),
      ...selectorOf(which),
    });
    const { version, rollbackOf, created } = json;
    const text = created
      ? `${name}, version ${version}: version ${rollbackOf} again`
      : `${name}, version ${version} is version ${rollbackOf} already`;
    return { json, text };
  });

/** `laila env label`. */
export const label: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal } = context;
    const [operand, ...pairs] = given.operands;
    const { name: named } = whichOf(operand);
    const name = project.nameOr(named);
    const where = {
      name,
      pool: await project.chosen(),
      namespace: project.laila.namespace,
      signal,
    };
    const removed = given.texts("remove");
    if (pairs.length === 0 && removed.length === 0) {
      const { manifestId, labels } = await environmentHistory({ ...where, limit: 1 });
      return { json: { name, manifestId, labels, before: {} }, text: shownLabels(labels) };
    }
    const labels: Record<string, number | "current" | null> = {};
    for (const one of removed) labels[one] = null;
    for (const pair of pairs) {
      const [key, to] = pairOf("A label", pair);
      labels[key] = to === "current" ? to : wholeNumber(`The version of ${key}`, to);
    }
    const expect: Record<string, number | null> = {};
    for (const pair of given.texts("expect")) {
      const [key, at] = pairOf("--expect", pair);
      expect[key] = at === "" ? null : wholeNumber(`The version of ${key}`, at);
    }
    const json = await labelEnvironment({ ...where, labels, expect, unsafe: given.on("unsafe") });
    return { json, text: shownLabels(json.labels) };
  });

function shownLabels(labels: Readonly<Record<string, number>>): string {
  return Object.entries(labels)
    .sort()
    .map(([key, version]) => `${key}=${version}`)
    .join("\n");
}

/** `laila env prune`. */
export const prune: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, signal } = context;
    const { name: operand } = whichOf(given.operands[0]);
    const numbers = given.texts("version").map((text) => wholeNumber("--version", text));
    const json = await pruneEnvironment({
      name: project.nameOr(operand),
      pool: await project.chosen(),
      namespace: project.laila.namespace,
      keep: numberOf(context, "keep"),
      before: given.text("before"),
      versions: numbers.length === 0 ? undefined : numbers,
      dryRun: given.on("dry-run"),
      unsafe: given.on("unsafe"),
      signal,
    });
    const rows = [
      ...json.trashed.map(({ version, time, message }) => [
        String(version),
        json.dryRun ? "would go to the trash" : "in the trash now",
        time,
        message ?? "",
      ]),
      ...json.deleted.map(({ version, time, message }) => [
        String(version),
        json.dryRun ? "would be deleted" : "deleted",
        time,
        message ?? "",
      ]),
      ...json.waiting.map(({ version, due, time, message }) => [
        String(version),
        `in the trash until ${due}`,
        time,
        message ?? "",
      ]),
      ...json.labelled.map(({ version, labels, time, message }) => [
        String(version),
        `stays: ${labels.join(" ")}`,
        time,
        message ?? "",
      ]),
    ];
    context.say(
      `${count(json.left, "version")} left, by the ${json.clock === "storage" ? "storage's" : "local"} clock.`,
    );
    return {
      json,
      text: rows.length === 0 ? "" : table(["VERSION", "", "SAVED", "MESSAGE"], rows),
    };
  });
