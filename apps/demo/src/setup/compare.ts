import type { ComponentChange, EntryChange, EnvironmentDiff, FieldChange } from "@laila/core";
import type { CompareSection } from "../api.js";

type Item = CompareSection["items"][number];
type Field = Item["fields"][number];

/** A comparison as the page shows it: a section for each part of a set-up in which something differs. */
export function sectionsOf(diff: EnvironmentDiff): CompareSection[] {
  const nameOf = (id: string): string => diff.names[id] ?? id;
  const { policy, pools, routing, proxies, taskforces, connections, sealed } = diff;
  const pointed = (title: string, field: string, changed: EnvironmentDiff["alphaTaskforce"]) =>
    changed
      ? [item("changed", title, [fieldOf(field, nameOf(changed.before), nameOf(changed.after))])]
      : [];
  const sections = [
    section("Policy", policy.length > 0 ? [item("changed", "policy", policy.map(shown))] : []),
    section("Pools", pools.map(component)),
    section("Routing", [
      ...pointed("alpha pool", "pool", routing.alphaPool),
      ...routing.nicknames.map((change) => entry(`name ${change.key}`, "pool", change, nameOf)),
      ...routing.affinities.map((change) =>
        entry(`affinity of ${nameOf(change.key)}`, "affinity", change),
      ),
    ]),
    section(
      "Proxies",
      proxies.map((change) => entry(nameOf(change.key), "origin", change, nameOf)),
    ),
    section("Taskforces", [
      ...pointed("alpha taskforce", "taskforce", diff.alphaTaskforce),
      ...taskforces.map(component),
    ]),
    section("Connections", connections.map(component)),
    section("Sealed values", sealed ? [item(sealed, "sealed values", [])] : []),
  ];
  return sections.filter(({ items }) => items.length > 0);
}

function section(title: string, items: readonly Item[]): CompareSection {
  return { title, items };
}

function item(change: Item["change"], name: string, fields: readonly Field[]): Item {
  return { change, name, fields };
}

function component({ kind, id, name, classToken, fields }: ComponentChange): Item {
  return item(kind, `${name ?? id} (${classToken})`, fields.map(shown));
}

function shown({ path, before, after }: FieldChange): Field {
  return fieldOf(path, before, after);
}

function entry<V>(
  name: string,
  field: string,
  { kind, before, after }: EntryChange<string, V>,
  show: (value: V) => unknown = (value) => value,
): Item {
  const text = (value: V | undefined) => (value === undefined ? undefined : show(value));
  return item(kind, name, [fieldOf(field, text(before), text(after))]);
}

function fieldOf(field: string, before: unknown, after: unknown): Field {
  return { field, before: jsonOf(before), after: jsonOf(after) };
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
