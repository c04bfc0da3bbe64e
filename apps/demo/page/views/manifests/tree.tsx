import { ChevronDown, ChevronRight } from "lucide-preact";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { count } from "../../core/format.js";
import { useVirtual } from "../entries/use-virtual.js";
import type { TreeNode, TreeRow } from "./blueprint.js";
import { type LeafState, looks } from "./states.js";

/** What is known of the leaves below a place. */
export interface Below {
  readonly leaves: number;
  readonly checked: number;
  readonly wrong: number;
}

interface TreeProps {
  readonly label: string;
  readonly rows: readonly TreeRow[];
  readonly stateOf: (node: TreeNode) => LeafState;
  readonly belowOf: (node: TreeNode) => Below;
  readonly active: string;
  readonly onActive: (node: TreeNode) => void;
  readonly onToggle: (node: TreeNode) => void;
  /** Enter, or a double click, on a leaf. */
  readonly onOpen: (node: TreeNode) => void;
}

const rowHeight = 32;

/** An ARIA tree of which only the lines in sight are drawn. */
export function BlueprintTree(props: TreeProps) {
  const { label, rows, active, onActive, onToggle, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(box, { count: rows.length, rowHeight });
  const at = Math.max(
    0,
    rows.findIndex(({ node }) => node.path === active),
  );
  const isDrawn = virtual.getVirtualItems().some(({ index }) => index === at);
  useLayoutEffect(() => {
    if (rows.length > 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [active, virtual]);
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLElement>): void => {
    const row = rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keyOf(event.key, rows, at, { onActive, onToggle, onOpen });
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <div
      ref={box}
      class="blueprint"
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={isDrawn ? idOf(at) : undefined}
      onKeyDown={onKeyDown}
    >
      <div role="none" class="blueprint-rows" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          return row ? (
            <Row key={row.node.path} row={row} index={index} top={start} {...props} />
          ) : null;
        })}
      </div>
    </div>
  );
}

function Row({
  row: { node, level, position, siblings, isOpen },
  index,
  top,
  active,
  stateOf,
  belowOf,
  onActive,
  onToggle,
  onOpen,
}: TreeProps & { readonly row: TreeRow; readonly index: number; readonly top: number }) {
  const isLeaf = node.kind === "leaf";
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the focus and the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, by aria-activedescendant.
    <div
      id={idOf(index)}
      role="treeitem"
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={isOpen}
      aria-selected={node.path === active}
      class="blueprint-row"
      style={{ transform: `translateY(${top}px)`, paddingLeft: `${8 + (level - 1) * 18}px` }}
      onClick={() => {
        onActive(node);
        if (!isLeaf) onToggle(node);
      }}
      onDblClick={() => (isLeaf ? onOpen(node) : undefined)}
    >
      {isLeaf ? <span class="blueprint-gap" /> : <Chevron size={16} aria-hidden="true" />}
      <span class={`ellipsis ${isLeaf ? "mono" : "blueprint-name"}`}>{node.name}</span>
      <span class="blueprint-state">
        {isLeaf ? <StateWord state={stateOf(node)} /> : <BelowWord below={belowOf(node)} />}
      </span>
    </div>
  );
}

/** The state of one leaf: an icon, its word, and its colour. */
export function StateWord({ state }: { readonly state: LeafState }) {
  const { word, tone, icon: Icon } = looks[state];
  return (
    <span class={`leaf-state ${tone}`}>
      <Icon size={15} aria-hidden="true" />
      {word}
    </span>
  );
}

function BelowWord({ below: { leaves, checked, wrong } }: { readonly below: Below }) {
  if (wrong > 0)
    return (
      <span class="leaf-state bad">
        {wrong.toLocaleString()} of {leaves.toLocaleString()} not whole
      </span>
    );
  if (checked === 0) return <span class="leaf-state">{count(leaves, "leaf", "leaves")}</span>;
  if (checked < leaves)
    return (
      <span class="leaf-state">
        {checked.toLocaleString()} of {leaves.toLocaleString()} checked
      </span>
    );
  return <span class="leaf-state good">all {leaves.toLocaleString()} there</span>;
}

function idOf(index: number): string {
  return `blueprint-row-${index}`;
}

type Acts = Pick<TreeProps, "onActive" | "onToggle" | "onOpen">;

/** What a key does, as in every ARIA tree. */
function keyOf(
  key: string,
  rows: readonly TreeRow[],
  at: number,
  { onActive, onToggle, onOpen }: Acts,
): (() => void) | undefined {
  const { node, isOpen, level } = rows[at]!;
  const to = (index: number) => () => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row) onActive(row.node);
  };
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "PageDown":
      return to(at + 10);
    case "PageUp":
      return to(at - 10);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      return isOpen === false ? () => onToggle(node) : isOpen ? to(at + 1) : undefined;
    case "ArrowLeft":
      if (isOpen) return () => onToggle(node);
      return to(
        Math.max(
          0,
          rows.slice(0, at).findLastIndex((row) => row.level < level),
        ),
      );
    case "Enter":
      return isOpen === undefined ? () => onOpen(node) : () => onToggle(node);
    case " ":
      return isOpen === undefined ? undefined : () => onToggle(node);
    default:
      return key.length === 1 ? typed(key, rows, at, onActive) : undefined;
  }
}

/** The next line whose name begins with that letter. */
function typed(
  letter: string,
  rows: readonly TreeRow[],
  at: number,
  onActive: TreeProps["onActive"],
): (() => void) | undefined {
  const fits = ({ node }: TreeRow): boolean =>
    node.name.toLowerCase().startsWith(letter.toLowerCase());
  const found = rows.slice(at + 1).find(fits) ?? rows.slice(0, at).find(fits);
  return found && (() => onActive(found.node));
}
