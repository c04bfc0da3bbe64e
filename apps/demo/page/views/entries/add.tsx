import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ImportedFile, Memorized } from "../../../src/api.js";
import { ask, pathOf } from "../../core/api.js";
import { bytesText, count } from "../../core/format.js";
import { setup } from "../../core/live.js";
import { poolName } from "../../core/pools.js";
import { Dialog } from "../../ui/dialog.js";
import { ErrorNote, Field, Note } from "../../ui/parts.js";
import { ValueWorker } from "../../worker/client.js";
import type { Made } from "../../worker/protocol.js";
import { showImport, showMemorize } from "./snippets.js";

/** Takes files that are dropped on an element. */
export function useDrop(onFiles: (files: readonly File[]) => void) {
  const [depth, setDepth] = useState(0);
  type Drag = JSX.TargetedDragEvent<HTMLElement>;
  const hasFiles = (event: Drag): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  return {
    isOver: depth > 0,
    onDragEnter: (event: Drag) => {
      if (hasFiles(event)) setDepth((n) => n + 1);
    },
    onDragLeave: (event: Drag) => {
      if (hasFiles(event)) setDepth((n) => Math.max(0, n - 1));
    },
    onDragOver: (event: Drag) => {
      if (hasFiles(event)) event.preventDefault();
    },
    onDrop: (event: Drag) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDepth(0);
      onFiles([...(event.dataTransfer?.files ?? [])]);
    },
  };
}

interface AddFileProps {
  readonly poolId: string;
  /** The first is asked about. */
  readonly files: readonly File[];
  readonly onNext: () => void;
  readonly onAdded: (keys: readonly string[]) => void;
}

/** Asks about a file, makes its record in the browser, and memorizes it. */
export function AddFile({ poolId, files, onNext, onAdded }: AddFileProps) {
  const [file] = files;
  if (!file) return null;
  const props = { file, poolId, onNext, onAdded };
  return /\.(h5|hdf5)$/i.test(file.name) ? (
    <ImportDialog key={files.length} {...props} />
  ) : (
    <MakeDialog key={files.length} {...props} />
  );
}

interface FileProps extends Omit<AddFileProps, "files"> {
  readonly file: File;
}

/** The name without its ending, for what is no more a file once it is an entry. */
function nicknameOf({ name }: File): string {
  return name.replace(/\.(json|npy)$/i, "");
}

function MakeDialog({ file, poolId, onNext, onAdded }: FileProps) {
  const [nickname, setNickname] = useState(() => nicknameOf(file));
  const { made, error, setError } = useMade(file, nickname);
  const isCurrent = made?.nickname === nickname;
  const [isSending, setSending] = useState(false);
  const send = async (): Promise<void> => {
    if (!made || !isCurrent || isSending) return;
    setSending(true);
    showMemorize(poolId, { name: file.name, nickname });
    try {
      await ask<Memorized>(pathOf("pools", poolId, "entries", made.key), {
        method: "PUT",
        body: made.record,
      });
      onAdded([made.key]);
      onNext();
    } catch (cause) {
      setError(cause);
    }
    setSending(false);
  };
  return (
    <Dialog
      title={`Memorize ${file.name}`}
      isOpen
      onClose={onNext}
      action={isSending ? "Sending…" : "Memorize"}
      isReady={isCurrent}
      onAction={() => void send()}
    >
      <Field label="Nickname (the same one gives the same id everywhere)">
        <input
          class="input"
          value={nickname}
          placeholder="None: a random id"
          onInput={(event) => setNickname(event.currentTarget.value)}
        />
      </Field>
      {made ? (
        <dl class="facts" aria-live="polite">
          <dt>Value</dt>
          <dd>{made.type}</dd>
          <dt>Id</dt>
          <dd class="mono">{made.key}</dd>
          <dt>Record</dt>
          <dd>
            {bytesText(made.record.length)}, codec {made.codec}; the file has {bytesText(file.size)}
          </dd>
          <dt>Pool</dt>
          <dd>{poolName(poolId)}</dd>
        </dl>
      ) : error === null ? (
        <p class="quiet">Making the record in this page…</p>
      ) : null}
      {error === null ? null : <ErrorNote error={error} />}
    </Dialog>
  );
}

/**
 * The record of a file under a nickname, made in a worker, again when the nickname changes. Until then it is the
 * one before, under another nickname: to be looked at, and not to be sent.
 */
function useMade(file: File, nickname: string) {
  const worker = useRef<ValueWorker | null>(null);
  const [made, setMade] = useState<(Made & { readonly nickname: string }) | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => worker.current?.close(), []);
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(
      async () => {
        worker.current ??= new ValueWorker();
        try {
          const done = await worker.current.ask("make", {
            file,
            name: file.name,
            nickname,
            recorder: setup.value?.environment.policy.global_id ?? null,
          });
          if (!isWanted) return;
          setMade({ ...done, nickname });
          setError(null);
        } catch (cause) {
          if (!isWanted) return;
          setMade(null);
          setError(cause);
        }
      },
      made || error ? 200 : 0,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [file, nickname]);
  return { made, error, setError };
}

function ImportDialog({ file, poolId, onNext, onAdded }: FileProps) {
  const [error, setError] = useState<unknown>(null);
  const [isSending, setSending] = useState(false);
  const [imported, setImported] = useState<ImportedFile | null>(null);
  const send = async (): Promise<void> => {
    if (imported) return finish(imported);
    if (isSending) return;
    setSending(true);
    showImport(poolId, file.name);
    try {
      const path = `${pathOf("pools", poolId, "hdf5")}?name=${encodeURIComponent(file.name)}`;
      setImported(await ask<ImportedFile>(path, { method: "POST", body: file }));
      setError(null);
    } catch (cause) {
      setError(cause);
    }
    setSending(false);
  };
  const finish = ({ entries, manifest }: ImportedFile): void => {
    onAdded([...entries.map(({ key }) => key), manifest]);
    onNext();
  };
  const action = imported ? "Show it" : isSending ? "Importing…" : "Import";
  return (
    <Dialog
      title={`Import ${file.name}`}
      isOpen
      onClose={() => (imported ? finish(imported) : onNext())}
      action={action}
      onAction={() => void send()}
    >
      {imported ? (
        <>
          <Note tone="good">
            {count(imported.entries.length, "entry", "entries")} and a manifest that names them.
          </Note>
          <ul class="import-list small">
            {imported.entries.map(({ path }) => (
              <li key={path} class="mono">
                {path}
              </li>
            ))}
            {imported.left.map(({ path, why }) => (
              <li key={path} class="quiet">
                <span class="mono">{path}</span>: not taken, {why}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p>
          {bytesText(file.size)}. Each array in it becomes an entry in {poolName(poolId)}, and a
          manifest names them all.
        </p>
      )}
      {error === null ? null : <ErrorNote error={error} />}
    </Dialog>
  );
}
