import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { EntryHead } from "../../../src/api.js";
import { bytesText, shortId } from "../../core/format.js";
import { Badge } from "../../ui/parts.js";
import type { PoolKeys } from "./keys.js";
import { useVirtual } from "./use-virtual.js";

const rowHeight = 54;

interface KeyListProps {
  readonly pool: PoolKeys;
  readonly keys: readonly string[];
  /** The one that is open. */
  readonly opened: string | undefined;
  readonly onOpen: (key: string) => void;
}

/** Any number of keys: only those that can be seen are in the page, and only their heads are asked for. */
export function KeyList({ pool, keys, opened, onOpen }: KeyListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState(-1);
  const virtual = useVirtual(scroller, { count: keys.length, rowHeight });
  const items = virtual.getVirtualItems();
  const headsVersion = pool.headsVersion.value;
  const at = Math.min(active, keys.length - 1);

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    // Who scrolls fast does not want what flies by.
    const timer = setTimeout(() => pool.want(keys.slice(first, last + 1)), 80);
    return () => clearTimeout(timer);
  }, [pool, keys, first, last, headsVersion]);

  const located = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (located.current === opened) return;
    const index = opened === undefined ? -1 : keys.indexOf(opened);
    // It may come with a later batch of keys.
    if (opened !== undefined && index < 0) return;
    located.current = opened;
    setActive(index);
    if (index >= 0) virtual.scrollToIndex(index);
  }, [opened, keys]);

  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(keys.length - 1, index));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
  const steps: Readonly<Record<string, () => void>> = {
    ArrowDown: () => moveTo(at + 1),
    ArrowUp: () => moveTo(at - 1),
    PageDown: () => moveTo(at + page),
    PageUp: () => moveTo(at - page),
    Home: () => moveTo(0),
    End: () => moveTo(keys.length - 1),
    Enter: () => keys[at] !== undefined && onOpen(keys[at]),
  };
  return (
    <div
      ref={scroller}
      class="key-list"
      role="listbox"
      aria-label="Entries"
      aria-activedescendant={items.some(({ index }) => index === at) ? `${id}-${at}` : undefined}
      tabIndex={0}
      onFocus={() => at < 0 && keys.length > 0 && setActive(first)}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        step();
      }}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const key = keys[index];
          if (key === undefined) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys.
            <div
              key={key}
              id={`${id}-${index}`}
              class={`key-row${index === at ? " active" : ""}`}
              role="option"
              tabIndex={-1}
              aria-selected={key === opened}
              aria-posinset={index + 1}
              aria-setsize={keys.length}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => {
                setActive(index);
                onOpen(key);
              }}
            >
              <KeyRow id={key} head={pool.head(key)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function KeyRow({ id, head }: { id: string; head: EntryHead | undefined }) {
  const facts = [head?.kind ?? null, head?.bytes == null ? null : bytesText(head.bytes)].filter(
    (fact) => fact !== null,
  );
  return (
    <>
      <div class="key-name">
        <strong class="ellipsis">{head?.nickname ?? shortId(id)}</strong>
        <StateBadge head={head} />
        <span class="key-time tabular">
          {head?.timestamp == null ? "" : shortTime(head.timestamp)}
        </span>
      </div>
      <div class="key-facts small quiet">
        <span class="ellipsis mono">{head?.nickname == null ? id : shortId(id)}</span>
        <span class="ellipsis tabular">{facts.join(" · ")}</span>
      </div>
    </>
  );
}

/** The time of what was written today, else the day. */
function shortTime(timestamp: string): string {
  const time = new Date(timestamp);
  return time.toDateString() === new Date().toDateString()
    ? time.toLocaleTimeString(undefined, { timeStyle: "medium" })
    : time.toLocaleDateString(undefined, { dateStyle: "medium" });
}

const states = {
  missing: { tone: "bad", text: "missing" },
  corrupt: { tone: "bad", text: "corrupt" },
  failed: { tone: "bad", text: "unreadable" },
  foreign: { tone: "warn", text: "no record" },
  large: { tone: "plain", text: "large" },
} as const;

/** What is wrong with an entry; nothing, when nothing is. */
function StateBadge({ head }: { head: EntryHead | undefined }) {
  if (!head || head.state === "whole") return null;
  const { tone, text } = states[head.state];
  return <Badge tone={tone}>{text}</Badge>;
}
