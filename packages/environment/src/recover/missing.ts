import { abortError, type GlobalId, LailaError, Secret } from "@laila/schema";
import { type Args, lookUpArg } from "../args/args.js";
import type { SecretResolver } from "../secrets/resolvers.js";
import { destinationOf } from "./destination.js";
import type { PoolPlan } from "./plan.js";
import { shown, shownPool } from "./shown.js";

/** Something of the document whose class nobody gave. */
export interface MissingClass {
  readonly id: GlobalId;
  readonly what: string;
  readonly classToken: string;
  readonly package: string | undefined;
  /** Why none can be given at all: only classes of pools can be passed. */
  readonly advice?: string | undefined;
}

export const installable = /^@laila\/pool-[a-z0-9-]+$/;

/** The secrets that a document refers to. */
export interface ResolvedSecrets {
  /** By pool and field (camelCase). */
  readonly fields: ReadonlyMap<GlobalId, Record<string, Secret>>;
  /** Those of layers, by name. */
  readonly layers: ReadonlyMap<string, Secret>;
}

/** Where a secret's value was found. */
export interface FoundSecret {
  readonly secret: Secret;
  /** `args`, `sealed`, or the name of the resolver. */
  readonly in: string;
}

/** The values behind the names that the pools of a document refer to, asked for once each. */
export class SecretLookup {
  readonly #plans: readonly PoolPlan[];
  readonly #found = new Map<string, FoundSecret>();

  /** Looks in `args`, then among the sealed values. */
  constructor(
    plans: readonly PoolPlan[],
    args: Args,
    sealed: Readonly<Record<string, string>> | undefined,
  ) {
    this.#plans = plans;
    for (const name of this.names) {
      const given = lookUpArg(args, name);
      if (typeof given === "string") this.#add(name, given, "args");
      else if (sealed && Object.hasOwn(sealed, name)) this.#add(name, sealed[name], "sealed");
    }
  }

  /** Every name that a pool which is made anew refers to. */
  get names(): ReadonlySet<string> {
    const made = this.#plans.filter(({ adopted }) => !adopted);
    return new Set(
      made.flatMap(({ references, layerReferences }) => [
        ...references.values(),
        ...layerReferences,
      ]),
    );
  }

  get missing(): string[] {
    return [...this.names].filter((name) => !this.#found.has(name));
  }

  found(name: string): FoundSecret | undefined {
    return this.#found.get(name);
  }

  /** Asks the resolvers, one after the other, for what is still missing. What they throw ends it. */
  async ask(
    resolvers: readonly SecretResolver[],
    signal: AbortSignal | undefined,
    only: (name: string) => boolean = () => true,
  ): Promise<void> {
    for (const resolver of resolvers) {
      for (const name of this.missing.filter(only)) {
        const value = await resolver.resolve(name, { signal });
        if (signal?.aborted) throw abortError(signal, "The recovery");
        if (value !== undefined) this.#add(name, value, resolver.name);
      }
    }
  }

  /** By pool and layer, as pools are made of them. */
  get resolved(): ResolvedSecrets {
    const fields = new Map<GlobalId, Record<string, Secret>>();
    const layers = new Map<string, Secret>();
    for (const { id, references, layerReferences } of this.#plans) {
      const own = [...references].flatMap(([field, name]) => {
        const found = this.#found.get(name);
        return found ? [[field, found.secret] as const] : [];
      });
      fields.set(id, Object.fromEntries(own));
      for (const name of layerReferences) {
        const found = this.#found.get(name);
        if (found) layers.set(name, found.secret);
      }
    }
    return { fields, layers };
  }

  /** Who asks for a name, and where it would go: whoever supplies it should know. */
  holders(name: string): string[] {
    const holders: string[] = [];
    for (const plan of this.#plans) {
      if ([...plan.references.values()].includes(name)) holders.push(holderOf(plan));
      if (plan.layerReferences.has(name)) holders.push(layersHolder(plan));
    }
    return holders;
  }

  #add(name: string, value: unknown, where: string): void {
    if (typeof value === "string" && value !== "")
      this.#found.set(name, { secret: new Secret(value, name), in: where });
  }
}

/**
 * Whatever is missing, packages and secrets, is told at once: MISSING_PACKAGE when a class is missing, else
 * MISSING_SECRET.
 */
export function checkMissing(
  missing: readonly MissingClass[],
  lookup: SecretLookup,
  hints: MissingHints,
): void {
  const unknown = new Map(lookup.missing.map((name) => [name, lookup.holders(name)]));
  if (missing.length > 0 || unknown.size > 0) throw missingError(missing, unknown, hints);
}

/** What the caller could still give. */
export interface MissingHints {
  /** The document has sealed values that nobody opened. */
  readonly sealedUnopened: boolean;
  /** Names whose argument is a command that was not allowed to run. */
  readonly commands: readonly string[];
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
  { sealedUnopened, commands }: MissingHints,
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
  for (const name of commands.filter((one) => unknown.has(one)))
    parts.push(
      `The argument ${shown(name)} is a command, which is run only where that is allowed: readArgs(file, { commands: true }).`,
    );
  if (unknown.size > 0 && sealedUnopened)
    parts.push("The document has sealed values: open them with identities or passphrase.");
  else if (unknown.size > 0) {
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
