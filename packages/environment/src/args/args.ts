import { LailaError, nearMatches } from "@laila/schema";

/**
 * What `readArgs` has read: `args.NAME`, and `args.table.name` for nested tables. Reading a name that is
 * not there throws MISSING_ARG with the names that resemble it, so that a mistyped credential never
 * becomes `undefined`; `"NAME" in args` tests. Shown, printed or serialised, every value is masked.
 */
export interface Args {
  // biome-ignore lint/suspicious/noExplicitAny: what a file holds is known to its writer alone.
  readonly [name: string]: any;
}

/** Where a value came from. */
export interface ArgSource {
  /** The file, as it was given to `readArgs`. */
  readonly file?: string;
  /** The line in the file, from 1. */
  readonly line?: number;
  /** The name of the `name=value` token (a flag on a command line); the value is not kept. */
  readonly token?: string;
  /** The environment variable. */
  readonly variable?: string;
  /** The program that printed the value, where a file names a command. */
  readonly command?: string;
}

/** One value that was read. `name` is dotted for a value in a table. */
export interface Arg {
  readonly name: string;
  readonly value: unknown;
  readonly source: ArgSource;
  /** Where the values came from that this one took the place of, the latest first. */
  readonly replaced: readonly ArgSource[];
}

/** Plain values, and tables of them. */
export type ArgTree = { readonly [name: string]: unknown };

const tag = Symbol.for("laila.args");
const inspect = Symbol.for("nodejs.util.inspect.custom");
const forbidden = new Set(["__proto__", "constructor", "prototype"]);

interface ValueSlot {
  readonly value: unknown;
  readonly source: ArgSource;
  readonly replaced: readonly ArgSource[];
}

type Slot = { readonly table: ArgTable } | ValueSlot;

/**
 * What is behind an {@link Args}. The proxy's target is this object itself and its values are private,
 * because `inspect` looks through a proxy at its target.
 */
class ArgTable {
  readonly #slots = new Map<string, Slot>();
  readonly #path: string;
  readonly #proxy: Args;

  constructor(path = "") {
    this.#path = path;
    this.#proxy = new Proxy(this, handler) as unknown as Args;
  }

  get proxy(): Args {
    return this.#proxy;
  }

  has(name: string): boolean {
    return this.#slots.has(name);
  }

  slot(name: string): Slot | undefined {
    return this.#slots.get(name);
  }

  names(): string[] {
    return [...this.#slots.keys()];
  }

  get(name: string): unknown {
    const slot = this.#slots.get(name);
    if (slot) return "table" in slot ? slot.table.proxy : slot.value;
    throw this.#missing(name);
  }

  /** Later values win; tables are merged. */
  merge(
    tree: ArgTree,
    sourceOf: (path: readonly string[]) => ArgSource,
    path: readonly string[] = [],
  ): void {
    for (const [name, value] of Object.entries(tree)) {
      const at = [...path, name];
      if (forbidden.has(name)) {
        throw new LailaError(
          "INVALID_DOCUMENT",
          `${describeSource(sourceOf(at))}: the name ${name} is not allowed in arguments. Rename it.`,
        );
      }
      if (isTable(value)) this.#tableAt(name).merge(value, sourceOf, at);
      else this.#set(name, value, sourceOf(at));
    }
  }

  *entries(prefix = ""): Generator<Arg> {
    for (const [name, slot] of this.#slots) {
      if ("table" in slot) yield* slot.table.entries(`${prefix}${name}.`);
      else yield { name: prefix + name, ...slot };
    }
  }

  masked(): object {
    const shown: Record<string, unknown> = {};
    for (const [name, slot] of this.#slots)
      shown[name] = "table" in slot ? slot.table.masked() : "[masked]";
    return shown;
  }

  get [tag](): ArgTable {
    return this;
  }

  /** `inspect` finds this method on the proxy's target, and calls it on the proxy. */
  [inspect](): object {
    return { args: this[tag].masked() };
  }

  #set(name: string, value: unknown, source: ArgSource): void {
    const before = this.#slots.get(name);
    const replaced = before && "source" in before ? [before.source, ...before.replaced] : [];
    this.#slots.set(name, { value, source, replaced });
  }

  #tableAt(name: string): ArgTable {
    const slot = this.#slots.get(name);
    if (slot && "table" in slot) return slot.table;
    const table = new ArgTable(`${this.#path}${name}.`);
    this.#slots.set(name, { table });
    return table;
  }

  #missing(name: string): LailaError {
    const near = nearMatches(name, this.#slots.keys()).map((match) => this.#path + match);
    const full = this.#path + name;
    const advice =
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : `Read a file that has it with readArgs(…), or ask first: ${JSON.stringify(name)} in args.`;
    return new LailaError("MISSING_ARG", `There is no argument ${full}. ${advice}`, {
      details: { name: full, near },
    });
  }
}

const handler: ProxyHandler<ArgTable> = {
  get(table, name) {
    if (name === tag) return table;
    if (name === inspect) return () => table[inspect]();
    if (typeof name === "symbol") return undefined;
    if (table.has(name)) return table.get(name);
    // A promise asks for `then`, JSON for `toJSON`: neither is a mistyped argument.
    if (name === "then") return undefined;
    if (name === "toJSON") return () => table.masked();
    if (name in Object.prototype) return Reflect.get(Object.prototype, name);
    return table.get(name);
  },
  has: (table, name) => (typeof name === "symbol" ? name === tag : table.has(name)),
  ownKeys: (table) => table.names(),
  getOwnPropertyDescriptor(table, name) {
    if (typeof name === "symbol" || !table.has(name)) return undefined;
    return { value: table.get(name), enumerable: true, configurable: true, writable: false };
  },
  getPrototypeOf: () => Object.prototype,
  set: refuseChange,
  defineProperty: refuseChange,
  deleteProperty: refuseChange,
  setPrototypeOf: refuseChange,
  preventExtensions: refuseChange,
};

function refuseChange(): never {
  throw new LailaError(
    "INVALID_ARGUMENT",
    'Arguments are not assigned. Add them with readArgs({ NAME: value }) or readArgs("NAME=value").',
  );
}

/** Arguments to add to with `readArgs(…, { into })`; empty unless given some to begin with. */
export function makeArgs(given: ArgTree = {}): Args {
  const table = new ArgTable();
  table.merge(given, () => ({}));
  return table.proxy;
}

/** The arguments themselves, or those that a plain object holds. INVALID_ARGUMENT for anything else. */
export function toArgs(args: object | undefined): Args {
  if (args === undefined) return makeArgs();
  if (tableOf(args)) return args as Args;
  if (!isTable(args))
    throw new LailaError(
      "INVALID_ARGUMENT",
      "args is what readArgs gives, or a plain object of names and values.",
    );
  return makeArgs(args);
}

/** Adds values; later ones win, tables are merged. */
export function mergeArgs(
  into: Args,
  tree: ArgTree,
  sourceOf: (path: readonly string[]) => ArgSource,
): void {
  const table = tableOf(into);
  if (!table) throw new LailaError("INVALID_ARGUMENT", "into must be what readArgs gave before.");
  // First into a table of its own: what is refused leaves nothing behind.
  new ArgTable().merge(tree, sourceOf);
  table.merge(tree, sourceOf);
}

/** Every value with its (dotted) name and where it came from, in the order read. The values are not masked. */
export function argEntries(args: Args): Arg[] {
  return [...(tableOf(args)?.entries() ?? [])];
}

/** The value of a name as secret references have it: `NAME`, or `table.name`. */
export function lookUpArg(args: Args, name: string): unknown {
  if (name in args) return args[name];
  return argEntries(args).find((arg) => arg.name === name)?.value;
}

/** The value or table at a path, and where a value came from; undefined when there is none. */
export function argAt(
  args: Args,
  path: readonly string[],
): { readonly value: unknown; readonly source?: ArgSource } | undefined {
  let table = tableOf(args);
  for (const [i, name] of path.entries()) {
    const slot = table?.slot(name);
    if (!slot) return undefined;
    if (i === path.length - 1)
      return "table" in slot
        ? { value: slot.table.proxy }
        : { value: slot.value, source: slot.source };
    table = "table" in slot ? slot.table : undefined;
  }
  return { value: args };
}

/** How a source is named in messages: `secrets.toml:3`. */
export function describeSource({ file, line, token, variable, command }: ArgSource): string {
  const by = command === undefined ? "" : ` (printed by ${command})`;
  if (file !== undefined) return `${line === undefined ? file : `${file}:${line}`}${by}`;
  if (variable !== undefined) return `the variable ${variable}`;
  return token === undefined ? "the given object" : `the token ${token}=…`;
}

function tableOf(args: unknown): ArgTable | undefined {
  if (typeof args !== "object" || args === null || !(tag in args)) return undefined;
  return args[tag] as ArgTable;
}

/** A plain object; dates and other instances that a parser gives are values. */
function isTable(value: unknown): value is ArgTree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
