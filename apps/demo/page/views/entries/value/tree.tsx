import { ChevronDown, ChevronRight } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, ErrorNote } from "../../../ui/parts.js";
import type { ValueWorker } from "../../../worker/client.js";
import type { Shape, TreeItem } from "../../../worker/protocol.js";
import { useAnswer } from "./use-answer.js";
import { ValueView } from "./value-view.js";

interface TreeProps {
  readonly worker: ValueWorker;
  readonly shape: Shape;
}

/** An item as it is shown: how deep, and where among its siblings. */
interface Row {
  readonly item: TreeItem;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly parent: number;
}

type Children = ReadonlyMap<number, readonly TreeItem[]>;

function rowsOf(children: Children, open: ReadonlySet<number>, root: TreeItem): readonly Row[] {
  const rows: Row[] = [];
  const add = (item: TreeItem, level: number, at: Omit<Row, "item" | "level">): void => {
    rows.push({ item, level, ...at });
    if (!open.has(item.node)) return;
    const below = children.get(item.node) ?? [];
    for (const [i, child] of below.entries())
      add(child, level + 1, { position: i + 1, siblings: below.length, parent: item.node });
  };
  add(root, 1, { position: 1, siblings: 1, parent: -1 });
  return rows;
}

/** A value that holds others, as a tree: a branch is asked for when it is opened. */
export function TreeView({ worker, shape }: TreeProps) {
  const { value: roots, error } = useAnswer(
    () => worker.ask("children", { node: shape.node, from: -1, to: 0 }),
    [worker, shape],
  );
  const [root] = roots ?? [];
  if (error !== null) return <ErrorNote error={error} />;
  return root ? <OpenTree worker={worker} root={root} label={shape.type} /> : null;
}

function OpenTree({ worker, root, label }: { worker: ValueWorker; root: TreeItem; label: string }) {
  const [children, setChildren] = useState<Children>(new Map());
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [active, setActive] = useState(root.node);
  const [shown, setShown] = useState<TreeItem | null>(null);
  const element = useRef<HTMLDivElement>(null);
  const rows = rowsOf(children, open, root);

  const toggle = async ({ node, children: length }: TreeItem, isOpen: boolean): Promise<void> => {
    if (length === 0) return;
    if (isOpen && !children.has(node)) {
      const items = await worker.ask("children", { node, from: 0, to: length });
      setChildren((known) => new Map(known).set(node, items));
    }
    setOpen((now) => {
      const next = new Set(now);
      if (isOpen) next.add(node);
      else next.delete(node);
      return next;
    });
  };
  useEffect(() => {
    void toggle(root, true);
  }, [root]);

  const moveTo = (row: Row | undefined): void => {
    if (!row) return;
    setActive(row.item.node);
    element.current?.querySelector<HTMLElement>(`[data-node="${row.item.node}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = rows.findIndex(({ item }) => item.node === active);
    const row = rows[at];
    if (!row) return;
    const isOpen = open.has(row.item.node);
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => moveTo(rows[at + 1]),
      ArrowUp: () => moveTo(rows[at - 1]),
      Home: () => moveTo(rows[0]),
      End: () => moveTo(rows.at(-1)),
      ArrowRight: () => (isOpen ? moveTo(rows[at + 1]) : void toggle(row.item, true)),
      ArrowLeft: () =>
        isOpen
          ? void toggle(row.item, false)
          : moveTo(rows.find(({ item }) => item.node === row.parent)),
      Enter: () => (row.item.isViewable ? setShown(row.item) : void toggle(row.item, !isOpen)),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  return (
    <div class="tree-view">
      <div ref={element} class="tree mono" role="tree" aria-label={label} onKeyDown={onKeyDown}>
        {rows.map(({ item, level, position, siblings }) => (
          <TreeRow
            key={item.node}
            item={item}
            level={level}
            position={position}
            siblings={siblings}
            isOpen={open.has(item.node)}
            isActive={item.node === active}
            onActive={() => setActive(item.node)}
            onToggle={() => {
              setActive(item.node);
              if (item.isViewable) setShown(item);
              else void toggle(item, !open.has(item.node));
            }}
          />
        ))}
      </div>
      {shown ? (
        <Nested worker={worker} item={shown} onClose={() => setShown(null)} key={shown.node} />
      ) : null}
    </div>
  );
}

interface TreeRowProps {
  readonly item: TreeItem;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly isOpen: boolean;
  readonly isActive: boolean;
  readonly onActive: () => void;
  readonly onToggle: () => void;
}

function TreeRow(props: TreeRowProps) {
  const { item, level, position, siblings, isOpen, isActive, onActive, onToggle } = props;
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys.
    <div
      role="treeitem"
      class="tree-row"
      data-node={item.node}
      tabIndex={isActive ? 0 : -1}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-selected={isActive}
      aria-expanded={item.children > 0 ? isOpen : undefined}
      style={{ paddingLeft: `${(level - 1) * 18}px` }}
      onFocus={onActive}
      onClick={onToggle}
    >
      <span class="tree-chevron">
        {item.children > 0 ? <Chevron size={14} aria-hidden="true" /> : null}
      </span>
      {item.label === "" ? null : <span class="tree-label">{item.label}: </span>}
      {isSaid(item) ? <span class="tree-type">{item.type} </span> : null}
      <span class={`tree-text is-${item.type}`}>{isOpen ? "" : item.text}</span>
      {item.isViewable ? <span class="tree-show">show</span> : null}
    </div>
  );
}

/** The type of what does not tell it by how it is written. */
function isSaid({ type, text }: TreeItem): boolean {
  const isPlain = ["string", "number", "boolean", "null", "undefined", "bigint"].includes(type);
  return !isPlain && type !== "" && !text.startsWith(type);
}

/** A value inside of another, in the view that fits it. */
function Nested({
  worker,
  item,
  onClose,
}: {
  worker: ValueWorker;
  item: TreeItem;
  onClose: () => void;
}) {
  const { value } = useAnswer(() => worker.ask("shape", { node: item.node }), [worker, item]);
  return (
    <section class="nested" aria-label={item.label}>
      <header class="row">
        <h3>
          <span class="mono">{item.label}</span> <span class="quiet">{item.type}</span>
        </h3>
        <Button tone="plain" onClick={onClose}>
          Close
        </Button>
      </header>
      {value ? <ValueView worker={worker} shape={value} compact={false} /> : null}
    </section>
  );
}
