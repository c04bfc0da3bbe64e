import { type GlobalId, LailaError, Secret } from "@laila/schema";
import { type Args, lookUpArg } from "../args/args.js";
import type { PoolPlan } from "./plan.js";
import { shown, shownPool } from "./shown.js";
import { destinationOf } from "./trust.js";

/** Something of the document whose class nobody gave. */
export interface MissingClass {
  readonly id: GlobalId;
  readonly what: string;
  readonly classToken: string;
  readonly package: string | undefined;
  /** Why none can be given at all: only classes of pools can be passed. */
  readonly advice?: string | undefined;
}

const installable = /^@laila\/pool-[a-z0-9-]+$/;

/** The secrets that a document refers to. */
export interface ResolvedSecrets {
  /** By pool and field (camelCase). */
  readonly fields: ReadonlyMap<GlobalId, Record<string, Secret>>;
  /** Those of layers, by name. */
  readonly layers: ReadonlyMap<string, Secret>;
}

/**
 * The secrets of every pool, from args. Whatever is missing, packages and secrets, is told at once:
 * MISSING_PACKAGE when a class is missing, else MISSING_SECRET.
 */
export function resolveSecrets(
  plans: readonly PoolPlan[],
  args: Args,
  missing: readonly MissingClass[],
): ResolvedSecrets {
  const resolved = new Map<GlobalId, Record<string, Secret>>();
  const layers = new Map<string, Secret>();
  const unknown = new Map<string, string[]>();
  for (const plan of plans) {
    if (plan.adopted) continue;
    const secrets: Record<string, Secret> = {};
    for (const [field, name] of plan.references) {
      const secret = secretOf(args, name);
      if (secret) secrets[field] = secret;
      else unknown.set(name, [...(unknown.get(name) ?? []), holderOf(plan)]);
    }
    resolved.set(plan.id, secrets);
    for (const name of plan.layerReferences) {
      const secret = secretOf(args, name);
      if (secret) layers.set(name, secret);
      else unknown.set(name, [...(unknown.get(name) ?? []), layersHolder(plan)]);
    }
  }
  if (missing.length > 0 || unknown.size > 0) throw missingError(missing, unknown);
  return { fields: resolved, layers };
}

function secretOf(args: Args, name: string): Secret | undefined {
  const value = lookUpArg(args, name);
  return typeof value === "string" && value !== "" ? new Secret(value, name) : undefined;
}

function layersHolder({ id, stored }: PoolPlan): string {
  return `a layer of ${shownPool(stored, id)}, which sends it nowhere`;
}

/** The pool, and where it would send the secret that is asked for: who supplies it should know. */
function holderOf({ id, stored, cls, fields }: PoolPlan): string {
  const destination = cls && destinationOf(cls, fields);
  const pool = shownPool(stored, id);
  return typeof destination !== "string"
    ? pool
    : `${pool}, which would send it to ${shown(destination)}`;
}

function missingError(
  missing: readonly MissingClass[],
  unknown: ReadonlyMap<string, readonly string[]>,
): LailaError {
  const parts: string[] = ["The environment cannot be recovered here; nothing was opened."];
  const installs = new Set<string>();
  for (const { what, classToken, package: from, advice } of missing) {
    if (advice !== undefined) {
      parts.push(
        `${advice}, so that ${what} (${shown(classToken)}) cannot be recovered. Remove it from the document, or update LAILA.`,
      );
      continue;
    }
    parts.push(
      `No class was given for ${what}: ${shown(classToken)}${from === undefined ? "" : ` of ${shown(from)}`}.`,
    );
    if (from !== undefined && installable.test(from)) installs.add(from);
  }
  if (installs.size > 0)
    parts.push(`Install with: npm install ${[...installs].map((name) => `"${name}"`).join(" ")}.`);
  if (missing.some(({ advice }) => advice === undefined))
    parts.push("Import each class and pass it in poolClasses: [ … ].");
  for (const [name, pools] of unknown)
    parts.push(
      `The secret ${shown(name)} is not among the args; it belongs to ${pools.join(" and to ")}.`,
    );
  if (unknown.size > 0) {
    parts.push(
      `Give it in a file, readArgs("./secrets.toml"), with a line such as ${[...unknown.keys()].map((name) => `${shown(name)} = "…"`)[0]}, and pass args.`,
    );
  }
  return new LailaError(
    missing.length > 0 ? "MISSING_PACKAGE" : "MISSING_SECRET",
    parts.join(" "),
    {
      details: {
        packages: missing.map(({ id, classToken, package: from }) => ({
          id,
          classToken,
          package: from ?? null,
        })),
        secrets: [...unknown.keys()],
      },
    },
  );
}
