import { ArrowLeftRight } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { CompareSection, Comparison } from "../../../src/api.js";
import { count } from "../../core/format.js";
import { go } from "../../core/route.js";
import { Button, CopyButton, ErrorNote, Field, Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { DocumentChoice } from "./choice.js";
import { showCompare } from "./snippets.js";
import { type Named, titleOf, useComparison } from "./store.js";

interface CompareProps {
  readonly name: string;
  readonly before: Named;
  readonly after: Named;
}

/** Any two documents side by side, by identity. */
export function Compare({ name, before, after }: CompareProps) {
  const { value, error, isLoading } = useComparison(name, before, after);
  useEffect(() => showCompare(name, before, after), [name, before, after]);
  const to = (a: Named, b: Named): void => go("environment", name, "compare", String(a), String(b));
  return (
    <Panel title="Compare">
      <div class="compare" aria-busy={isLoading}>
        <div class="compare-choice">
          <Field label="Before">
            <DocumentChoice
              name={name}
              label="Before"
              value={before}
              onChange={(chosen) => to(chosen, after)}
            />
          </Field>
          <Button tone="plain" label="Swap the two" onClick={() => to(after, before)}>
            <ArrowLeftRight size={16} aria-hidden="true" />
          </Button>
          <Field label="After">
            <DocumentChoice
              name={name}
              label="After"
              value={after}
              onChange={(chosen) => to(before, chosen)}
            />
          </Field>
        </div>
        <div role="status">
          {error ? <ErrorNote error={error} /> : null}
          {value ? <Summary comparison={value} /> : null}
        </div>
        {value ? (
          <>
            {value.sections.map((section) => (
              <Section
                key={section.title}
                section={section}
                before={titleOf(before)}
                after={titleOf(after)}
              />
            ))}
            {value.equal ? null : <Patch patch={value.patch} />}
          </>
        ) : error ? null : (
          <Waiting>Comparing…</Waiting>
        )}
      </div>
    </Panel>
  );
}

function Summary({ comparison: { equal, sections } }: { readonly comparison: Comparison }) {
  if (equal) return <Note tone="good">Both are the same set-up.</Note>;
  const items = sections.flatMap((section) => section.items);
  return (
    <ul class="row" aria-label="Changes">
      {(Object.keys(changes) as Change[]).map((change) => {
        const n = items.filter((item) => item.change === change).length;
        return (
          <li key={change} class={`change ${change} ${n === 0 ? "none" : ""}`}>
            <span class="mono">{changes[change]}</span> {n} {change}
          </li>
        );
      })}
    </ul>
  );
}

type Item = CompareSection["items"][number];
type Change = Item["change"];

/** Of more changes than that in one section, the fields are closed at first. */
const openUpTo = 10;

function byName(a: Item, b: Item): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

const changes = { added: "+", removed: "−", changed: "~" } as const;

function Section({
  section: { title, items },
  before,
  after,
}: {
  readonly section: CompareSection;
  readonly before: string;
  readonly after: string;
}) {
  return (
    <section class="compare-section">
      <h3>
        {title} <span class="quiet small">{count(items.length, "change")}</span>
      </h3>
      {[...items].sort(byName).map((item) => (
        <details
          key={`${item.change} ${item.name}`}
          class={`compare-item ${item.change}`}
          open={items.length <= openUpTo}
        >
          <summary class="compare-name">
            <span class={`change ${item.change}`}>
              <span class="mono">{changes[item.change]}</span> {item.change}
            </span>
            {item.name}
          </summary>
          {item.fields.length === 0 ? null : (
            <FieldTable item={item} before={before} after={after} />
          )}
        </details>
      ))}
    </section>
  );
}

function FieldTable({
  item: { name, fields },
  before,
  after,
}: {
  readonly item: Item;
  readonly before: string;
  readonly after: string;
}) {
  return (
    <table class="compare-fields" aria-label={name}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before: {before}</th>
          <th scope="col">After: {after}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={field.field}>
            <th scope="row" class="mono">
              {field.field}
            </th>
            <Side text={field.before} other={field.after} sign="−" tone="removed" />
            <Side text={field.after} other={field.before} sign="+" tone="added" />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Side({
  text,
  other,
  sign,
  tone,
}: {
  readonly text: string | null;
  readonly other: string | null;
  readonly sign: string;
  readonly tone: string;
}) {
  if (text === null) return <td class="quiet absent">not there</td>;
  if (text === other) return <td>{text}</td>;
  return (
    <td class={`side ${tone}`}>
      <span class="sign mono" aria-hidden="true">
        {sign}
      </span>
      <Text json={text} />
    </td>
  );
}

/** A reference to a secret is told as such, as everywhere. */
function Text({ json }: { readonly json: string }) {
  const secret = /^\{"\$secret":"(.*)"\}$/.exec(json)?.[1];
  return secret === undefined ? <code>{json}</code> : <code>secret {secret}</code>;
}

function Patch({ patch }: { readonly patch: readonly unknown[] }) {
  const text = JSON.stringify(patch, null, 2);
  if (patch.length === 0)
    return <Note>There is no JSON Patch to show: it would carry what may be a secret.</Note>;
  return (
    <details class="patch">
      <summary class="patch-title">
        JSON Patch (RFC 6902), {count(patch.length, "operation")}: turns the one into the other
      </summary>
      <div class="patch-body">
        <CopyButton text={text} label="Copy the JSON Patch" />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard. */}
        <pre class="json-text" tabIndex={0}>
          <code>{text}</code>
        </pre>
      </div>
    </details>
  );
}
