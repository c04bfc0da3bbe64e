import { checkOptions, type GlobalId, isSecretReference } from "@laila/schema";
import type {
  ChangeKind,
  ComponentChange,
  EntryChange,
  EnvironmentDiff,
  FieldChange,
  ValueChange,
} from "./diff.js";

export interface FormatDiffOptions {
  /** What the two are called, such as `prod@3` and `live`. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** With the colours of a terminal. No unless said. */
  readonly color?: boolean | undefined;
}

const signs: Readonly<Record<ChangeKind, string>> = { added: "+", removed: "-", changed: "~" };
const colours: Readonly<Record<ChangeKind, string>> = { added: "32", removed: "31", changed: "33" };

/** A comparison as text for people, in lines of the form `+ added`, `- removed`, `~ changed`. */
export function formatDiff(diff: EnvironmentDiff, options: FormatDiffOptions = {}): string {
  checkOptions("formatDiff", options, ["before", "after", "color"]);
  const { before, after, color = false } = options;
  const text = new DiffText(diff.names, color);
  if (before !== undefined || after !== undefined)
    text.plain(`${plainText(before ?? "before")} -> ${plainText(after ?? "after")}`);
  text.section("Policy", () => text.fields(diff.policy, "  "));
  text.section("Pools", () => text.components(diff.pools));
  text.section("Routing", () => {
    text.value("alpha pool", diff.routing.alphaPool);
    text.entries(diff.routing.nicknames, (name) => `name ${name}`, "name");
    text.entries(diff.routing.affinities, (id) => `affinity of ${text.nameOf(id)}`, "number");
  });
  text.section("Proxies", () => text.entries(diff.proxies, (id) => text.nameOf(id), "name"));
  text.section("Taskforces", () => {
    text.value("alpha taskforce", diff.alphaTaskforce);
    text.components(diff.taskforces);
  });
  text.section("Connections", () => text.components(diff.connections));
  if (diff.sealed) {
    text.section("Sealed values", () =>
      text.line(diff.sealed ?? "changed", "  ", diff.sealed ?? ""),
    );
  }
  const { added, removed, changed } = diff;
  text.plain(
    diff.equal ? "No difference." : `${added} added, ${removed} removed, ${changed} changed.`,
  );
  return text.toString();
}

class DiffText {
  readonly #lines: string[] = [];
  readonly #names: Readonly<Record<GlobalId, string>>;
  readonly #color: boolean;

  constructor(names: Readonly<Record<GlobalId, string>>, color: boolean) {
    this.#names = names;
    this.#color = color;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  plain(text: string): void {
    this.#lines.push(text);
  }

  /** A title, if anything comes below it. */
  section(title: string, write: () => void): void {
    const at = this.#lines.length;
    write();
    if (this.#lines.length > at)
      this.#lines.splice(at, 0, this.#color ? `\u001b[1m${title}\u001b[22m` : title);
  }

  line(kind: ChangeKind, indent: string, text: string): void {
    const line = `${signs[kind]} ${text}`;
    this.#lines.push(indent + (this.#color ? `\u001b[${colours[kind]}m${line}\u001b[39m` : line));
  }

  nameOf(id: GlobalId): string {
    return plainText((Object.hasOwn(this.#names, id) ? this.#names[id] : undefined) ?? id);
  }

  components(changes: readonly ComponentChange[]): void {
    for (const { kind, id, name, classToken, fields } of changes) {
      const called = name === undefined ? id : `${plainText(name)}  ${id}`;
      this.line(kind, "  ", `${plainText(classToken)}  ${called}`);
      this.fields(fields, "      ");
    }
  }

  fields(changes: readonly FieldChange[], indent: string): void {
    for (const { kind, path, before, after } of changes) {
      const values = [before, after].filter((value) => value !== undefined).map(valueText);
      this.line(kind, indent, `${plainText(path)}: ${values.join(" -> ")}`);
    }
  }

  value(what: string, change: ValueChange<GlobalId> | null): void {
    if (!change) return;
    this.line(
      "changed",
      "  ",
      `${what}: ${this.nameOf(change.before)} -> ${this.nameOf(change.after)}`,
    );
  }

  entries<K extends string, V extends string | number>(
    changes: readonly EntryChange<K, V>[],
    keyText: (key: K) => string,
    kindOfValue: "name" | "number",
  ): void {
    const show = (value: V): string =>
      kindOfValue === "name" ? this.nameOf(String(value)) : String(value);
    for (const { kind, key, before, after } of changes) {
      const values = [before, after].flatMap((value) => (value === undefined ? [] : [show(value)]));
      this.line(kind, "  ", `${plainText(keyText(key))}: ${values.join(" -> ")}`);
    }
  }
}

function valueText(value: unknown): string {
  if (isSecretReference(value)) return `secret ${plainText(value.$secret)}`;
  return plainText(JSON.stringify(value));
}

/** A document may come from anywhere: nothing in it moves the cursor of a terminal. */
function plainText(text: string): string {
  return text.replace(/\p{C}/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
