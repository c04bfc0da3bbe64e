import { ArrowLeft, GitCompare, Stethoscope, Tag, Undo2, X } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Saved, SavedHistory, SavedVersion } from "../../../src/api.js";
import { timeText } from "../../core/format.js";
import { life } from "../../core/live.js";
import { hrefOf } from "../../core/route.js";
import { Badge, Button, CopyButton, ErrorNote, Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { Picture } from "../setup/picture.js";
import { LabelDialog, RollbackDialog, setLabel } from "./dialogs.js";
import { DocumentText } from "./document.js";
import { showDocument } from "./snippets.js";
import { useVersion } from "./store.js";

interface VersionProps {
  readonly history: SavedHistory;
  readonly version: number;
}

/** One version: what is known of it, what can be done with it, its picture and its document. */
export function VersionPanel({ history, version }: VersionProps) {
  const { name, current } = history;
  const info = history.versions.find((one) => one.version === version);
  const { value, error } = useVersion(name, version);
  const [asked, setAsked] = useState<"label" | "rollback" | null>(null);
  const [rolledBack, setRolledBack] = useState<Saved | null>(null);
  useEffect(() => showDocument(name, version), [name, version]);
  const close = (): void => setAsked(null);
  return (
    <Panel
      class="version"
      title={
        <>
          Version {version} {version === current ? <Badge tone="good">current</Badge> : null}
        </>
      }
      actions={
        <a class="button plain version-back" href={hrefOf("environment", name, "history")}>
          <ArrowLeft size={16} aria-hidden="true" />
          All versions
        </a>
      }
    >
      {info ? (
        <>
          <Facts name={name} info={info} />
          <Choices name={name} info={info} isCurrent={version === current} onAsk={setAsked} />
        </>
      ) : null}
      <div role="status" class="saved-note">
        {rolledBack ? <RolledBack name={name} saved={rolledBack} version={version} /> : null}
      </div>
      {error ? <ErrorNote error={error} /> : null}
      {value ? (
        <>
          <section class="version-part">
            <h3>As a picture</h3>
            <Picture environment={value.environment} />
          </section>
          <section class="version-part">
            <h3>As a document</h3>
            <DocumentText environment={value.environment} fileName={`${name}-v${version}.json`} />
          </section>
        </>
      ) : error ? null : (
        <Waiting>Reading version {version}…</Waiting>
      )}
      <LabelDialog history={history} version={version} isOpen={asked === "label"} onClose={close} />
      <RollbackDialog
        name={name}
        version={version}
        isOpen={asked === "rollback"}
        onClose={close}
        onRolledBack={setRolledBack}
      />
    </Panel>
  );
}

interface ChoicesProps {
  readonly name: string;
  readonly info: SavedVersion;
  readonly isCurrent: boolean;
  readonly onAsk: (what: "label" | "rollback") => void;
}

/** What can be done with a version. */
function Choices({ name, info: { version, parent }, isCurrent, onAsk }: ChoicesProps) {
  const isUp = life.value?.state === "running";
  return (
    <div class="row">
      <Button disabled={!isUp} onClick={() => onAsk("label")}>
        <Tag size={16} aria-hidden="true" />
        Put a label on it
      </Button>
      <Button disabled={!isUp || isCurrent} onClick={() => onAsk("rollback")}>
        <Undo2 size={16} aria-hidden="true" />
        Roll back to it
      </Button>
      <a class="button" href={hrefOf("environment", name, "compare", String(version), "live")}>
        <GitCompare size={16} aria-hidden="true" />
        Compare with live
      </a>
      {parent === null ? null : (
        <a
          class="button"
          href={hrefOf("environment", name, "compare", String(parent), String(version))}
        >
          <GitCompare size={16} aria-hidden="true" />
          What it changed
        </a>
      )}
      <a class="button" href={hrefOf("environment", name, "doctor", String(version))}>
        <Stethoscope size={16} aria-hidden="true" />
        Would it work here?
      </a>
    </div>
  );
}

function RolledBack({
  name,
  saved,
  version,
}: {
  readonly name: string;
  readonly saved: Saved;
  readonly version: number;
}) {
  const { version: now, created } = saved;
  const link = <a href={hrefOf("environment", name, "history", String(now))}>Version {now}</a>;
  return created ? (
    <Note tone="good">
      {link} is version {version} again, and the current one.
    </Note>
  ) : (
    <Note>{link} is the same already, so no version was made.</Note>
  );
}

function Facts({ name, info }: { readonly name: string; readonly info: SavedVersion }) {
  const { version, message, author, time, parent, rollbackOf, digest, labels } = info;
  const [error, setError] = useState<unknown>(null);
  const take = (label: string): void => {
    setError(null);
    setLabel(name, label, null).catch(setError);
  };
  const to = (other: number) => (
    <a href={hrefOf("environment", name, "history", String(other))}>version {other}</a>
  );
  return (
    <>
      {error ? <ErrorNote error={error} /> : null}
      <dl class="facts">
        <dt>Message</dt>
        <dd>{message === "" ? <span class="quiet">none</span> : message}</dd>
        <dt>Saved</dt>
        <dd>
          <time dateTime={time}>{timeText(time)}</time>
          {author === "" ? "" : `, by ${author}`}
        </dd>
        {parent === null ? null : (
          <>
            <dt>After</dt>
            <dd>{to(parent)}</dd>
          </>
        )}
        {rollbackOf === null ? null : (
          <>
            <dt>The same as</dt>
            <dd>{to(rollbackOf)}</dd>
          </>
        )}
        <dt>Labels</dt>
        <dd>
          {labels.length === 0 ? <span class="quiet">none</span> : null}
          <ul class="row" aria-label={`Labels of version ${version}`}>
            {labels.map((label) => (
              <li key={label} class="label-chip">
                <Badge tone="accent">{label}</Badge>
                <Button
                  tone="plain"
                  label={`Take the label ${label} away`}
                  onClick={() => take(label)}
                >
                  <X size={14} aria-hidden="true" />
                </Button>
              </li>
            ))}
          </ul>
        </dd>
        <dt>Digest</dt>
        <dd class="version-digest">
          <code class="ellipsis">{digest}</code>
          <CopyButton text={digest} label="Copy the digest" />
        </dd>
      </dl>
    </>
  );
}
