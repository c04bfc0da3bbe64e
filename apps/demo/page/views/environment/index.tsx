import { documentDigest } from "@laila/schema";
import { Save } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Saved, SavedHistory, Setup } from "../../../src/api.js";
import { life, setup } from "../../core/live.js";
import { go, hrefOf, route } from "../../core/route.js";
import { Button, Empty, Note, Tabs } from "../../ui/parts.js";
import { Compare } from "./compare.js";
import { SaveDialog } from "./dialogs.js";
import { Doctor } from "./doctor.js";
import { History } from "./history.js";
import { Live } from "./live.js";
import { namedOf, useHistory, useSaved } from "./store.js";
import "./environment.css";

const tabs = [
  { id: "live", title: "Live" },
  { id: "history", title: "History" },
  { id: "compare", title: "Compare" },
  { id: "doctor", title: "Doctor" },
] as const;

type Tab = (typeof tabs)[number]["id"];

/** The set-up as a document: live, its saved versions, what differs, and whether it would work. */
export function EnvironmentView() {
  const { value: saved } = useSaved();
  const [, named, ...rest] = route.value;
  const name = named ?? life.value?.name ?? saved?.[0]?.name;
  if (name === undefined)
    return (
      <div class="view">
        <h1>Environment</h1>
        <Empty>Waiting for the set-up…</Empty>
      </div>
    );
  const names = new Set([name, ...(saved ?? []).map((one) => one.name)]);
  return <Environment key={name} name={name} names={[...names].sort()} at={rest} />;
}

interface EnvironmentProps {
  readonly name: string;
  readonly names: readonly string[];
  /** What stands behind the name in the address: `history/3`, `compare/1/live`, `doctor/2`. */
  readonly at: readonly string[];
}

function Environment({ name, names, at }: EnvironmentProps) {
  const [place, first, second] = at;
  const tab: Tab = tabs.find(({ id }) => id === place)?.id ?? "live";
  const [isSaving, setSaving] = useState(false);
  const [saved, setSaved] = useState<Saved | null>(null);
  const { value: history } = useHistory(name);
  const state = life.value?.state;
  return (
    <div class="view environment">
      <div class="view-head">
        <div>
          <h1>
            Environment <span class="quiet">{name}</span>
          </h1>
          <p class="quiet small">
            The set-up as a document, saved in the bucket version by version. Of secrets it has the
            names only.
          </p>
        </div>
        {names.length > 1 ? (
          <select
            class="input"
            aria-label="Saved environment"
            value={name}
            onChange={({ currentTarget }) => go("environment", currentTarget.value)}
          >
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        ) : null}
        <Button
          tone="primary"
          disabled={state !== "running"}
          onClick={() => {
            setSaved(null);
            setSaving(true);
          }}
        >
          <Save size={16} aria-hidden="true" />
          Save a version
        </Button>
      </div>
      {state === "running" || state === undefined ? null : (
        <Note tone="warn">What is shown is what was known before.</Note>
      )}
      <div role="status" class="saved-note">
        {saved ? <SavedNote name={name} saved={saved} /> : null}
      </div>
      <Tabs
        label="The environment"
        tabs={tabs}
        selected={tab}
        onSelect={(id) => go("environment", name, ...(id === "live" ? [] : [id]))}
      />
      {tab === "live" ? <Live name={name} /> : null}
      {tab === "history" ? <History name={name} opened={asVersion(first)} /> : null}
      {tab === "compare" ? (
        <Compare
          name={name}
          before={namedOf(first) ?? lastOther(history, setup.value) ?? "live"}
          after={namedOf(second) ?? "live"}
        />
      ) : null}
      {tab === "doctor" ? <Doctor name={name} named={namedOf(first) ?? "live"} /> : null}
      <SaveDialog
        name={name}
        isOpen={isSaving}
        onClose={() => setSaving(false)}
        onSaved={setSaved}
      />
    </div>
  );
}

/** What the live set-up is worth being compared with: the newest version that is another. */
function lastOther(history: SavedHistory | null, now: Setup | null): number | undefined {
  const current = history?.versions.find(({ version }) => version === history.current);
  const isSame = current && now && documentDigest(now.environment) === current.digest;
  return (isSame ? current.parent : undefined) ?? current?.version;
}

function asVersion(text: string | undefined): number | undefined {
  const named = namedOf(text);
  return named === "live" ? undefined : named;
}

function SavedNote({
  name,
  saved: { version, created },
}: {
  readonly name: string;
  readonly saved: Saved;
}) {
  const link = (
    <a href={hrefOf("environment", name, "history", String(version))}>version {version}</a>
  );
  return created ? (
    <Note tone="good">Saved as {link}.</Note>
  ) : (
    <Note>Nothing has changed since {link}, so no version was made.</Note>
  );
}
