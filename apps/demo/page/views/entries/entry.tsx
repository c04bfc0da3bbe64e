import { ArrowLeft, CircleCheck, CircleX, Trash2, Zap } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { EntryHead } from "../../../src/api.js";
import { ApiError, ask, pathOf } from "../../core/api.js";
import { bytesText, durationText, shortId, timeText } from "../../core/format.js";
import { life } from "../../core/live.js";
import { poolName } from "../../core/pools.js";
import { hrefOf } from "../../core/route.js";
import { Dialog } from "../../ui/dialog.js";
import { Badge, Button, CopyButton, ErrorNote, Note } from "../../ui/parts.js";
import type { Opened } from "../../worker/protocol.js";
import { Downloads, RecordDownload } from "./download.js";
import { showDamage, showForget, showRemember } from "./snippets.js";
import { RecordValue } from "./value/index.js";
import { LoadProgress } from "./value/progress.js";
import { type OpenState, useRecord } from "./value/use-record.js";

interface EntryPanelProps {
  readonly poolId: string;
  readonly entryKey: string;
  /** What lies under the key is another than before. */
  readonly onChanged: () => void;
  readonly onForgotten: () => void;
  /** What a list shows of it, now that it is known. */
  readonly onHead: (head: EntryHead) => void;
}

/** One entry: what it is, whether it is whole, and its value. */
export function EntryPanel(props: EntryPanelProps) {
  const { poolId, entryKey, onChanged, onForgotten, onHead } = props;
  const [round, setRound] = useState(0);
  const record = useRecord(poolId, entryKey, round);
  const pid = life.value?.state === "running" ? life.value.pid : null;
  useEffect(() => {
    // What could not be had while the set-up was down may be there now.
    if (pid !== null && record.error !== null) setRound((n) => n + 1);
  }, [pid]);
  const nickname = record.opened?.facts.nickname ?? null;
  const isOpen = record.opened !== null;
  useEffect(() => {
    if (record.opened) onHead(headOf(entryKey, record.opened));
  }, [record.opened]);
  useEffect(() => {
    if (isOpen) showRemember(poolId, entryKey, nickname);
  }, [poolId, entryKey, nickname, isOpen]);
  return (
    <section class="panel entry-panel" aria-label="Entry">
      <header>
        <a class="button plain entry-back" href={hrefOf("entries", poolId)}>
          <ArrowLeft size={16} aria-hidden="true" />
          All entries
        </a>
        <div class="entry-title">
          <h2 class="ellipsis">{nickname ?? shortId(entryKey)}</h2>
          <span class="small quiet ellipsis">in {poolName(poolId)}</span>
        </div>
        <Health record={record} />
      </header>
      <div class="panel-body entry-body">
        <Content record={record} poolId={poolId} entryKey={entryKey} />
        <Actions
          {...{ poolId, entryKey, nickname, onForgotten }}
          onDamaged={() => {
            onChanged();
            setRound(round + 1);
          }}
        />
      </div>
    </section>
  );
}

function headOf(key: string, { facts, shape }: Opened): EntryHead {
  const { nickname, bytes, timestamp } = facts;
  return { key, state: "whole", nickname, kind: shape.type, bytes, timestamp, failure: null };
}

function Health({ record }: { record: OpenState }) {
  if (record.opened)
    return (
      <Badge tone="good">
        <CircleCheck size={14} aria-hidden="true" />
        digest is right
      </Badge>
    );
  if (record.error === null) return null;
  const code = record.error instanceof ApiError ? record.error.code : "FAILED";
  return (
    <Badge tone="bad">
      <CircleX size={14} aria-hidden="true" />
      {code}
    </Badge>
  );
}

function Content({
  record,
  poolId,
  entryKey,
}: {
  record: OpenState;
  poolId: string;
  entryKey: string;
}) {
  const { opened, error, progress, worker } = record;
  if (error !== null)
    return (
      <>
        <ErrorNote error={error} />
        {error instanceof ApiError && error.code === "CORRUPT" ? (
          <Note>
            The checksum in the record is not that of its bytes, so no value is given at all. A copy
            in another pool can mend it: Manifests → Repair.
          </Note>
        ) : null}
        <Identity id={entryKey} />
        <RecordDownload poolId={poolId} entryKey={entryKey} />
      </>
    );
  if (!opened || !worker) return <LoadProgress progress={progress} />;
  return (
    <>
      <RecordValue worker={worker} opened={opened} />
      <Facts opened={opened} />
      <Downloads poolId={poolId} worker={worker} opened={opened} />
    </>
  );
}

function Identity({ id }: { id: string }) {
  return (
    <dl class="facts">
      <dt>Global id</dt>
      <dd class="mono copied">
        {id} <CopyButton text={id} label="Copy the id" />
      </dd>
    </dl>
  );
}

function Facts({ opened: { facts, shape } }: { opened: Opened }) {
  const rows: readonly (readonly [string, string | null])[] = [
    ["Scope", facts.scopes.join(":")],
    ["UUID", facts.uuid],
    ["Evolution", facts.evolution === null ? "none: a constant" : String(facts.evolution)],
    ["Nickname", facts.nickname ?? "none"],
    ["Value", shape.type],
    ["Codec", facts.codec],
    ["Record", `${bytesText(facts.bytes)} (${facts.bytes.toLocaleString()} bytes)`],
    ["Digest", facts.digest === null ? null : `${facts.digest}, checked in this page just now`],
    ["Written", timeText(facts.timestamp)],
    ["Recorder", facts.recorder ?? "unknown"],
    ["Borrower", facts.borrower],
    [
      "Took",
      `${durationText(facts.fetchMs)} to fetch, ${durationText(facts.decodeMs)} to check and decode`,
    ],
  ];
  return (
    <details class="entry-facts" open>
      <summary>Record</summary>
      <dl class="facts">
        <dt>Global id</dt>
        <dd class="mono copied">
          {facts.globalId} <CopyButton text={facts.globalId} label="Copy the id" />
        </dd>
        {rows.map(([name, value]) =>
          value === null ? null : (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
        )}
      </dl>
    </details>
  );
}

interface ActionsProps {
  readonly poolId: string;
  readonly entryKey: string;
  readonly nickname: string | null;
  readonly onDamaged: () => void;
  readonly onForgotten: () => void;
}

function Actions({ poolId, entryKey, nickname, onDamaged, onForgotten }: ActionsProps) {
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const path = pathOf("pools", poolId, "entries", entryKey);
  const act = async (request: () => Promise<unknown>, after: () => void): Promise<void> => {
    try {
      await request();
      setError(null);
      after();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <div class="entry-actions">
      {error === null ? null : <ErrorNote error={error} />}
      <div class="row">
        <Button
          title="One bit of the stored record is flipped, behind LAILA's back"
          onClick={() => {
            showDamage(poolId);
            void act(() => ask(`${path}/damage`, { method: "POST" }), onDamaged);
          }}
        >
          <Zap size={16} aria-hidden="true" />
          Flip a bit
        </Button>
        <Button tone="danger" onClick={() => setAsking(true)}>
          <Trash2 size={16} aria-hidden="true" />
          Forget
        </Button>
      </div>
      <Dialog
        title={`Forget ${nickname ?? shortId(entryKey)}?`}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Forget"
        isDangerous
        onAction={() => {
          setAsking(false);
          showForget(poolId, entryKey, nickname);
          void act(() => ask(path, { method: "DELETE" }), onForgotten);
        }}
      >
        <p>It is deleted in {poolName(poolId)}. Copies in other pools stay.</p>
      </Dialog>
    </div>
  );
}
