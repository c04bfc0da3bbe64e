import { type GlobalId, isSecretReference } from "@laila/schema";
import { KeyRound } from "lucide-preact";
import { shortId } from "../../core/format.js";

type Names = ReadonlyMap<GlobalId, string>;

/** The members of an object, each behind its name; pools by their names. */
export function Fields({ of, names }: { readonly of: object; readonly names: Names }) {
  return (
    <dl class="doc-fields">
      {Object.entries(of).map(([field, value]) => (
        <div key={field}>
          <dt class="mono">{field}</dt>
          <dd>
            <Value of={value} names={names} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ of, names }: { readonly of: unknown; readonly names: Names }) {
  if (isSecretReference(of)) return <SecretName name={of.$secret} />;
  if (Array.isArray(of))
    return of.length === 0 ? (
      <code>[]</code>
    ) : (
      <ol class="doc-list">
        {of.map((one: unknown, i) => (
          <li key={i}>
            <Value of={one} names={names} />
          </li>
        ))}
      </ol>
    );
  if (typeof of === "object" && of !== null) return <Fields of={of} names={names} />;
  if (typeof of === "string" && names.has(of)) return <PoolRef id={of} names={names} />;
  return <code>{typeof of === "string" ? of : JSON.stringify(of)}</code>;
}

/** Where a secret belongs: its name, and that this is all there is. */
function SecretName({ name }: { readonly name: string }) {
  return (
    <span class="doc-secret">
      <KeyRound size={14} aria-hidden="true" />
      <code>{name}</code>
      <span class="small">secret: only the name is stored</span>
    </span>
  );
}

/** A pool by its name, with enough of its id to tell it from another. */
export function PoolRef({ id, names }: { readonly id: GlobalId; readonly names: Names }) {
  const short = shortId(id);
  const name = names.get(id) ?? short;
  return (
    <span title={id}>
      <strong>{name}</strong> {name.endsWith(short) ? null : <code class="quiet">{short}</code>}
    </span>
  );
}
