import { type Named, useHistory } from "./store.js";

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value: Named;
  readonly onChange: (to: Named) => void;
}

/** The live document, or one of the versions. */
export function DocumentChoice({ name, label, value, onChange }: ChoiceProps) {
  const { value: history } = useHistory(name);
  // The one that is meant is shown as such, also while the history is on its way or has it not.
  const isListed =
    value === "live" || (history?.versions.some(({ version }) => version === value) ?? false);
  return (
    <select
      class="input document-choice"
      aria-label={label}
      value={String(value)}
      onChange={({ currentTarget }) =>
        onChange(currentTarget.value === "live" ? "live" : Number(currentTarget.value))
      }
    >
      <option value="live">live, now</option>
      {isListed ? null : <option value={String(value)}>version {value}</option>}
      {history?.versions.map(({ version, message, labels }) => (
        <option key={version} value={String(version)}>
          {[`version ${version}`, ...labels].join(", ")}
          {message === "" ? "" : `: ${message}`}
        </option>
      ))}
    </select>
  );
}
