import { globalIdOf, isWellFormed } from "@laila/schema";
import { FilePlus2, Grid3x3, RefreshCw, Search } from "lucide-preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FieldRequest, Memorized } from "../../../src/api.js";
import { ask } from "../../core/api.js";
import { count } from "../../core/format.js";
import { life, onOperations, setup } from "../../core/live.js";
import { poolName } from "../../core/pools.js";
import { go, route } from "../../core/route.js";
import { Button, Empty, ErrorNote } from "../../ui/parts.js";
import { useAct } from "../../ui/use-act.js";
import { AddFile, useDrop } from "./add.js";
import { EntryPanel } from "./entry.js";
import { KeyList } from "./key-list.js";
import { PoolKeys } from "./keys.js";
import { showField, showListing, showSearch } from "./snippets.js";
import "./entries.css";

const fieldSide = 4096;

/** The pools, and what is in them: `#/entries/<pool>/<key>`. */
export function EntriesView() {
  const pools = Object.keys(setup.value?.environment.policy.central.memory.pool_router.pools ?? {});
  // What survives is shown first.
  const elsewhere = pools.find((id) => setup.value?.pools[id]?.isLocal === false);
  const [, poolId = elsewhere ?? pools[0], key] = route.value;
  if (poolId === undefined)
    return (
      <div class="view entries">
        <h1>Entries</h1>
        <Empty>{life.value?.state === "down" ? "The set-up is down." : "Loading the pools…"}</Empty>
      </div>
    );
  return <PoolView key={poolId} pools={pools} poolId={poolId} opened={key} />;
}

interface PoolViewProps {
  readonly pools: readonly string[];
  readonly poolId: string;
  readonly opened: string | undefined;
}

function PoolView({ pools, poolId, opened }: PoolViewProps) {
  const [text, setText] = useState("");
  const isUp = life.value?.state === "running";
  const prefix = text.trim().startsWith("LAILA:") ? text.trim() : "";
  const { pool, reload } = usePoolKeys(poolId, prefix);
  const version = pool.version.value;
  // Of heads, only a search knows anything.
  const headsVersion = text === "" ? 0 : pool.headsVersion.value;
  const keys = useMemo(
    () => (text === "" ? [...pool.keys] : pool.search(text)),
    [pool, text, version, headsVersion],
  );
  const chooser = useRef<HTMLInputElement>(null);
  const [files, setFiles] = useState<readonly File[]>([]);
  const { isOver, ...dropping } = useDrop(setFiles);
  const { act, isBusy, error } = useAct();

  const addField = async (): Promise<void> => {
    showField(poolId, fieldSide, fieldSide);
    const body: FieldRequest = { poolId, rows: fieldSide, columns: fieldSide };
    const { key } = await ask<Memorized>("samples/field", { body });
    pool.add(key);
    go("entries", poolId, key);
  };
  return (
    <div class={`view entries${opened === undefined ? "" : " has-entry"}`} {...dropping}>
      <div class="view-head">
        <div>
          <h1>Entries</h1>
          <p class="quiet small">What is in a pool. The id of an entry is made of its nickname.</p>
        </div>
        <label class="pool-choice">
          <span class="quiet small">Pool</span>
          <select
            class="input"
            value={poolId}
            onChange={(event) => go("entries", event.currentTarget.value)}
          >
            {(pools.includes(poolId) ? pools : [poolId, ...pools]).map((id) => (
              <option key={id} value={id}>
                {poolName(id)}
              </option>
            ))}
          </select>
        </label>
        <Button disabled={isBusy || !isUp} onClick={() => void act(addField)}>
          <Grid3x3 size={16} aria-hidden="true" />
          {isBusy ? "Making it…" : "Add a large array"}
        </Button>
        <Button tone="primary" disabled={!isUp} onClick={() => chooser.current?.click()}>
          <FilePlus2 size={16} aria-hidden="true" />
          Add a file
        </Button>
        <input
          ref={chooser}
          class="unseen"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="File to memorize"
          onChange={(event) => {
            setFiles([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {error === null ? null : <ErrorNote error={error} />}
      <div class="entries-body">
        <section class="panel key-panel" aria-label={`Entries of ${poolName(poolId)}`}>
          <div class="key-search">
            <label>
              <Search size={16} aria-hidden="true" />
              <span class="unseen">Search by nickname, part of an id, or LAILA:…</span>
              <input
                class="input"
                type="search"
                placeholder="Nickname, part of an id, or LAILA:…"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
                onChange={() => {
                  if (text !== "" && prefix === "") showSearch(poolId, text.trim());
                }}
              />
            </label>
            <Button tone="plain" label="List again" onClick={reload}>
              <RefreshCw size={16} aria-hidden="true" />
            </Button>
          </div>
          <p
            class="key-count small quiet tabular"
            // What is typed is answered; what others do all the time is not read aloud.
            aria-live={text === "" ? "off" : "polite"}
          >
            {text === ""
              ? count(keys.length, "entry", "entries")
              : `${keys.length.toLocaleString()} of ${count(pool.keys.length, "entry", "entries")}`}
            {pool.isLoading.value ? ", more are coming…" : ""}
          </p>
          {pool.error.value === null ? null : <ErrorNote error={pool.error.value} />}
          {keys.length === 0 && !pool.isLoading.value ? (
            <Empty>{text === "" ? nothingHere(isUp) : <NothingFound text={text.trim()} />}</Empty>
          ) : (
            <KeyList
              pool={pool}
              keys={keys}
              opened={opened}
              onOpen={(key) => go("entries", poolId, key)}
            />
          )}
        </section>
        {opened === undefined ? (
          <div class="entries-none">
            <FilePlus2 size={28} aria-hidden="true" />
            <p>Choose an entry to see what it is.</p>
            <p class="small">
              Or drop a file here to memorize it: JSON, .npy, .h5, a picture, anything.
            </p>
          </div>
        ) : (
          <EntryPanel
            key={opened}
            poolId={poolId}
            entryKey={opened}
            onHead={(head) => pool.know(head)}
            onChanged={() => pool.forgetHead(opened)}
            onForgotten={() => {
              pool.remove(new Set([opened]));
              go("entries", poolId);
            }}
          />
        )}
      </div>
      {isOver ? <div class="drop-here">Drop it to memorize it in {poolName(poolId)}</div> : null}
      <AddFile
        // Of other files, another nickname is asked for.
        key={fileKey(files[0])}
        poolId={poolId}
        files={files}
        onNext={() => setFiles(files.slice(1))}
        onAdded={(added) => {
          for (const key of added) {
            pool.add(key);
            pool.forgetHead(key);
          }
          if (added[0] !== undefined) go("entries", poolId, added[0]);
        }}
      />
    </div>
  );
}

function fileKey(file: File | undefined): string {
  return file ? `${file.name} ${file.size} ${file.lastModified}` : "";
}

function nothingHere(isUp: boolean): string {
  return isUp
    ? "Nothing is here yet. Drop a file to memorize it."
    : "Pools are listed here when the set-up runs again.";
}

/** The id that was looked for: computed here, as it is everywhere. */
function NothingFound({ text }: { text: string }) {
  return (
    <>
      <p>Nothing is found.</p>
      {isWellFormed(text) && !text.startsWith("LAILA:") ? (
        <p class="small">
          An entry of this nickname is <span class="mono">{globalIdOf(text)}</span>
        </p>
      ) : null}
    </>
  );
}

/** The keys of a pool, streamed anew when the pool or the prefix is another, or the set-up has come back. */
function usePoolKeys(
  poolId: string,
  typed: string,
): { readonly pool: PoolKeys; readonly reload: () => void } {
  const [prefix, setPrefix] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    // Not for every letter.
    const timer = setTimeout(setPrefix, 250, typed);
    return () => clearTimeout(timer);
  }, [typed]);
  // While the set-up is down, what was listed stays.
  const lastPid = useRef<number | null>(null);
  const isUp = life.value?.state === "running";
  if (isUp) lastPid.current = life.value?.pid ?? null;
  const pool = useMemo(
    () => new PoolKeys(poolId, prefix, isUp),
    [poolId, prefix, round, lastPid.current],
  );
  useEffect(() => {
    showListing(poolId, prefix);
    const unfollow = onOperations((operations) => pool.follow(operations));
    return () => {
      unfollow();
      pool.close();
    };
  }, [pool]);
  return { pool, reload: () => setRound(round + 1) };
}
