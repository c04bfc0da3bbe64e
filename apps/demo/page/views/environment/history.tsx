import { useEffect } from "preact/hooks";
import type { SavedHistory, SavedVersion } from "../../../src/api.js";
import { count, timeText } from "../../core/format.js";
import { hrefOf } from "../../core/route.js";
import { Badge, ErrorNote, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { showHistory } from "./snippets.js";
import { useHistory } from "./store.js";
import { VersionPanel } from "./version.js";

interface HistoryProps {
  readonly name: string;
  /** The version that the address names; else the current one is shown beside the line. */
  readonly opened: number | undefined;
}

/** All versions as a line, newest first, and one of them opened. */
export function History({ name, opened }: HistoryProps) {
  const { value: history, error } = useHistory(name);
  useEffect(() => {
    if (opened === undefined) showHistory(name);
  }, [name, opened]);
  if (error && !history) return <ErrorNote error={error} />;
  if (!history) return <Waiting>Reading the history…</Waiting>;
  const shown = opened ?? history.current;
  return (
    <div class={`history ${opened === undefined ? "" : "has-open"}`}>
      <Panel
        class="history-line"
        title={count(history.versions.length, "version")}
        actions={<span class="quiet small">newest first</span>}
      >
        {error ? <ErrorNote error={error} /> : null}
        <Line history={history} shown={shown} />
      </Panel>
      <VersionPanel key={shown} history={history} version={shown} />
    </div>
  );
}

function Line({ history, shown }: { readonly history: SavedHistory; readonly shown: number }) {
  return (
    <ol class="versions" aria-label={`Versions of ${history.name}`}>
      {history.versions.map((one) => (
        <Stop
          key={one.version}
          name={history.name}
          version={one}
          isCurrent={one.version === history.current}
          isShown={one.version === shown}
        />
      ))}
    </ol>
  );
}

function Stop({
  name,
  version: { version, message, author, time, labels, rollbackOf, isTrashed },
  isCurrent,
  isShown,
}: {
  readonly name: string;
  readonly version: SavedVersion;
  readonly isCurrent: boolean;
  readonly isShown: boolean;
}) {
  return (
    <li class={`stop ${isCurrent ? "current" : ""} ${isShown ? "shown" : ""}`}>
      <p class="row">
        <a
          class="stop-link"
          href={hrefOf("environment", name, "history", String(version))}
          aria-current={isShown ? "true" : undefined}
        >
          Version {version}
        </a>
        {isCurrent ? <Badge tone="good">current</Badge> : null}
        {labels.map((label) => (
          <Badge key={label} tone="accent">
            {label}
          </Badge>
        ))}
        {isTrashed ? <Badge tone="warn">in the trash</Badge> : null}
      </p>
      <p class="stop-message">{message === "" ? <span class="quiet">no message</span> : message}</p>
      <p class="quiet small">
        {author === "" ? "" : `${author}, `}
        <time dateTime={time}>{timeText(time)}</time>
      </p>
      {rollbackOf === null ? null : (
        <p class="small stop-rollback">
          ↩{" "}
          <a href={hrefOf("environment", name, "history", String(rollbackOf))}>
            version {rollbackOf}
          </a>{" "}
          again
        </p>
      )}
    </li>
  );
}
