import { type Blueprint, type GlobalId, LailaError } from "@laila/core";
import { blueprintLeaves, decodeRecord, parseBlueprint } from "@laila/schema";
import { count, size } from "../format.js";
import { inspectValues, type ValueInfo } from "../pool/inspect-values.js";
import { Project } from "../project/project.js";
import type { Command, Context } from "../spec.js";
import { manifestIdOf } from "./find.js";

async function read(context: Context, project: Project) {
  const [operand] = context.given.operands;
  const id = manifestIdOf(operand, project);
  const pool = await project.chosen();
  const found = await pool.read(id, { signal: context.signal });
  if (!found)
    throw new LailaError("NOT_FOUND", `There is no manifest ${operand} in the pool (${id}).`);
  const { entry } = decodeRecord(found.bytes, { key: id });
  return { id, pool, nickname: entry.nickname ?? null, blueprint: parseBlueprint(entry.data) };
}

/** `laila manifest show`. */
export const show: Command = (context) =>
  Project.use(context, async (project) => {
    const { id, nickname, blueprint } = await read(context, project);
    const leaves = new Set(blueprintLeaves(blueprint)).size;
    context.say(`${id}, ${count(leaves, "leaf", "leaves")}`);
    return { json: { id, nickname, leaves, blueprint }, text: JSON.stringify(blueprint, null, 2) };
  });

/** `laila manifest tree`. */
export const tree: Command = (context) =>
  Project.use(context, async (project) => {
    const { id, pool, nickname, blueprint } = await read(context, project);
    const known = new Map<string, ValueInfo>();
    const ids = new Set(blueprintLeaves(blueprint));
    for await (const one of inspectValues(pool, ids, context.signal)) {
      known.set(one.key, one);
      context.progress(`${known.size} of ${ids.size} leaves`);
    }
    const leaves = [...leavesOf(blueprint, "")].map(([path, leaf]) => {
      const info = known.get(leaf);
      const state = !info
        ? "missing"
        : info.state === "damaged" || info.state === "failed"
          ? "damaged"
          : "found";
      return {
        path,
        id: leaf,
        state,
        codec: info?.codec ?? null,
        bytes: info?.bytes ?? 0,
        nickname: info?.nickname ?? null,
      };
    });
    const text = [nickname ?? id, ...drawn(blueprint, "", known)].join("\n");
    return { json: { id, nickname, leaves }, text };
  });

type Place = Blueprint[string];

/** A list's members by their numbers. */
function membersOf(place: Place): [string, Place][] {
  if (Array.isArray(place)) return place.map((one, i) => [`[${i}]`, one as Place]);
  return typeof place === "string" ? [] : Object.entries(place as Blueprint);
}

function* leavesOf(place: Place, path: string): Generator<[string, GlobalId]> {
  if (typeof place === "string") yield [path, place];
  for (const [name, inner] of membersOf(place))
    yield* leavesOf(inner, `${path}${path === "" || name.startsWith("[") ? "" : "."}${name}`);
}

function* drawn(
  place: Place,
  indent: string,
  known: ReadonlyMap<string, ValueInfo>,
): Generator<string> {
  const members = membersOf(place);
  for (const [i, [name, inner]] of members.entries()) {
    const last = i === members.length - 1;
    const about = typeof inner === "string" ? `  ${described(known.get(inner))}` : "";
    yield `${indent}${last ? "└─ " : "├─ "}${name}${about}`;
    yield* drawn(inner, `${indent}${last ? "   " : "│  "}`, known);
  }
}

function described(info: ValueInfo | undefined): string {
  if (!info) return "MISSING";
  if (info.state === "damaged" || info.state === "failed") return "DAMAGED";
  const named = info.nickname === null ? "" : `, ${info.nickname}`;
  return `${info.codec ?? "unreadable here"}, ${size(info.bytes)}${named}`;
}
