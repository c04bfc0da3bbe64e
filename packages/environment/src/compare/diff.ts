import {
  checkOptions,
  documentDigest,
  type EnvironmentDocument,
  type GlobalId,
  parseEnvironmentDocument,
} from "@laila/schema";
import { fieldChanges } from "./fields.js";
import { type HiddenOptions, Hiding } from "./hidden.js";
import { type Component, type Parts, partsOf } from "./identity.js";

export type ChangeKind = "added" | "removed" | "changed";

/** One field of something that is in both documents. What may be a secret is `(hidden)`. */
export interface FieldChange {
  readonly kind: ChangeKind;
  /** Stored names, such as `region_name`, `tags.team`, `layers[Encrypt].key_id`. */
  readonly path: string;
  /** Undefined when it was added. */
  readonly before?: unknown;
  /** Undefined when it was removed. */
  readonly after?: unknown;
}

/** A pool, a taskforce or a connection. */
export interface ComponentChange {
  readonly kind: ChangeKind;
  readonly id: GlobalId;
  /** What it is called: the first of its names in the routing, else its own nickname. */
  readonly name: string | undefined;
  readonly classToken: string;
  /** What changed; of one that was added or removed, all its fields. */
  readonly fields: readonly FieldChange[];
}

/** An entry of a table: a name and its pool, a pool and its affinity, a cache and its origin. */
export interface EntryChange<K, V> {
  readonly kind: ChangeKind;
  readonly key: K;
  readonly before?: V | undefined;
  readonly after?: V | undefined;
}

export interface ValueChange<V> {
  readonly before: V;
  readonly after: V;
}

/** What is different between two set-ups, by identity and not by position. Plain JSON. */
export interface EnvironmentDiff {
  /** True when both are the same set-up: nothing below is changed but, maybe, `sealed`. */
  readonly equal: boolean;
  /** True when both are the same document, to the last member. */
  readonly identical: boolean;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly policy: readonly FieldChange[];
  readonly pools: readonly ComponentChange[];
  readonly routing: {
    readonly alphaPool: ValueChange<GlobalId> | null;
    readonly nicknames: readonly EntryChange<string, GlobalId>[];
    readonly affinities: readonly EntryChange<GlobalId, number>[];
  };
  /** Cache -> origin. */
  readonly proxies: readonly EntryChange<GlobalId, GlobalId>[];
  readonly alphaTaskforce: ValueChange<GlobalId> | null;
  readonly taskforces: readonly ComponentChange[];
  readonly connections: readonly ComponentChange[];
  /** What became of the sealed values; sealing the same twice gives another text. */
  readonly sealed: ChangeKind | null;
  /** What the ids above are called: id -> name. */
  readonly names: Readonly<Record<GlobalId, string>>;
}

/**
 * Compares two set-ups: what turns `a` into `b`. With a saved one and `laila.environment`, that is the drift.
 * A pool is the same pool when it has the same global id, whatever else has changed; the alpha pool and the
 * taskforce that an unnamed policy makes for itself are the same in every process. No secret is in the
 * result. INVALID_DOCUMENT, UNSUPPORTED_VERSION, INVALID_ARGUMENT.
 */
export function diffEnvironments(
  a: EnvironmentDocument,
  b: EnvironmentDocument,
  options: HiddenOptions = {},
): EnvironmentDiff {
  checkOptions("diffEnvironments", options, ["args"]);
  const [from, to] = [parseEnvironmentDocument(a), parseEnvironmentDocument(b)];
  const [before, after] = [partsOf(from), partsOf(to, from.policy.global_id)];
  const hiding = new Hiding(options);
  const names = new Map([...namesOf(after, hiding), ...namesOf(before, hiding)]);
  const components = (
    one: ReadonlyMap<GlobalId, Component>,
    other: ReadonlyMap<GlobalId, Component>,
  ): ComponentChange[] => componentChanges(one, other, hiding, names);
  const policy = fieldChanges(policyFields(before), policyFields(after), hiding);
  const pools = components(before.pools, after.pools);
  const routing = {
    alphaPool: valueChange(before.alphaPool, after.alphaPool),
    nicknames: entryChanges(before.nicknames, after.nicknames).map((change) => ({
      ...change,
      key: hiding.name(change.key),
    })),
    affinities: entryChanges(before.affinities, after.affinities)
      // With the pool it came or went.
      .filter(({ key }) => before.pools.has(key) && after.pools.has(key)),
  };
  const proxies = entryChanges(before.proxies, after.proxies);
  const alphaTaskforce = valueChange(before.alphaTaskforce, after.alphaTaskforce);
  const taskforces = components(before.taskforces, after.taskforces);
  const connections = components(before.connections, after.connections);
  const all = [
    ...[policy, pools, routing.nicknames, routing.affinities, proxies, taskforces, connections]
      .flat()
      .map(({ kind }) => kind),
    ...[routing.alphaPool, alphaTaskforce].flatMap((one) => (one ? ["changed"] : [])),
  ];
  const count = (kind: ChangeKind): number => all.filter((one) => one === kind).length;
  return {
    equal: all.length === 0,
    identical: documentDigest(from) === documentDigest(to),
    added: count("added"),
    removed: count("removed"),
    changed: count("changed"),
    policy,
    pools,
    routing,
    proxies,
    alphaTaskforce,
    taskforces,
    connections,
    sealed: kindOf(from.sealed, to.sealed),
    names: Object.fromEntries([...names].sort(([x], [y]) => (x < y ? -1 : 1))),
  };
}

/** A policy without a name has another id in every process: that alone is no change of the set-up. */
function policyFields({ policy }: Parts): Readonly<Record<string, unknown>> {
  const { global_id, nickname } = policy;
  return nickname === undefined ? {} : { global_id, nickname };
}

function componentChanges(
  before: ReadonlyMap<GlobalId, Component>,
  after: ReadonlyMap<GlobalId, Component>,
  hiding: Hiding,
  names: ReadonlyMap<GlobalId, string>,
): ComponentChange[] {
  const changes: ComponentChange[] = [];
  for (const id of keysOf(before, after)) {
    const [was, is] = [before.get(id), after.get(id)];
    const kind = kindOf(was, is);
    if (kind === null) continue;
    const fields = fieldChanges(withoutClass(was, is), withoutClass(is, was), hiding);
    const classToken = hiding.name(((is ?? was) as Component).class_token);
    changes.push({ kind, id, name: names.get(id), classToken, fields });
  }
  return changes;
}

/** The class is told of with the component, and is a change only where it is another one. */
function withoutClass(
  component: Component | undefined,
  other: Component | undefined,
): Readonly<Record<string, unknown>> {
  if (!component) return {};
  const { class_token, package: packageName, ...fields } = component;
  const same = !other || other.class_token === class_token;
  return same ? fields : { class_token, package: packageName, ...fields };
}

function entryChanges<K extends string, V extends string | number>(
  before: ReadonlyMap<K, V>,
  after: ReadonlyMap<K, V>,
): EntryChange<K, V>[] {
  return keysOf(before, after).flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)];
    const kind = kindOf(was, is);
    if (kind === null) return [];
    return [
      {
        kind,
        key,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      },
    ];
  });
}

function valueChange<V>(before: V, after: V): ValueChange<V> | null {
  return before === after ? null : { before, after };
}

function kindOf(before: unknown, after: unknown): ChangeKind | null {
  if (before === undefined) return after === undefined ? null : "added";
  if (after === undefined) return "removed";
  return documentDigest(before) === documentDigest(after) ? null : "changed";
}

function keysOf<K extends string>(
  before: ReadonlyMap<K, unknown>,
  after: ReadonlyMap<K, unknown>,
): K[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1));
}

function* namesOf(parts: Parts, hiding: Hiding): Generator<[GlobalId, string]> {
  for (const components of [parts.pools, parts.taskforces, parts.connections]) {
    for (const [id, { nickname }] of components)
      if (typeof nickname === "string") yield [id, String(hiding.show("nickname", nickname))];
  }
  // Reversed, so that of several the first one remains.
  for (const [name, id] of [...parts.nicknames].reverse())
    yield [id, String(hiding.show("name", name))];
}
