import { ArrowLeft, ShieldCheck, Wrench } from "lucide-preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ManifestDocument, ManifestSummary } from "../../../src/api.js";
import { ask, pathOf } from "../../core/api.js";
import { count, shortId } from "../../core/format.js";
import { life, setup } from "../../core/live.js";
import { useLoaded } from "../../core/loaded.js";
import { poolName } from "../../core/pools.js";
import { go, hrefOf, route } from "../../core/route.js";
import { Badge, Button, Empty, ErrorNote, Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { openAtFirst, rowsOf, type TreeNode, treeOf } from "./blueprint.js";
import { breakLeaf, cancel, checkOf, repair, verify } from "./check.js";
import { LeafPanel } from "./leaf-panel.js";
import { Outcome } from "./outcome.js";
import { showBreak, showOpened, showRepair, showVerify } from "./snippets.js";
import { isWrong, type LeafState, looks } from "./states.js";
import { type Below, BlueprintTree } from "./tree.js";

type Which = Pick<ManifestSummary, "poolId" | "id">;

/** One manifest in one pool. */
export function ManifestPanel({
  which,
  others,
}: {
  readonly which: Which;
  /** The same manifest in other pools. */
  readonly others: readonly ManifestSummary[];
}) {
  const { poolId, id } = which;
  const path = pathOf("pools", poolId, "manifests", id);
  const { value, error } = useLoaded(path, () => ask<ManifestDocument>(path));
  const isNamed = route.value[2] === id;
  useEffect(() => {
    if (value && isNamed) showOpened(value);
  }, [value?.id, value?.poolId, isNamed]);
  const title = value?.nickname ?? shortId(id);
  return (
    <Panel
      class="manifest"
      title={
        <>
          {title} <span class="quiet">in {poolName(poolId)}</span>
        </>
      }
      actions={
        <a class="button plain manifest-back" href={hrefOf("manifests")}>
          <ArrowLeft size={16} aria-hidden="true" />
          All manifests
        </a>
      }
    >
      {error ? <ErrorNote error={error} /> : null}
      {value ? (
        <Opened document={value} others={others} />
      ) : error ? null : (
        <Waiting>Reading the manifest…</Waiting>
      )}
    </Panel>
  );
}

function Opened({
  document,
  others,
}: {
  readonly document: ManifestDocument;
  readonly others: readonly ManifestSummary[];
}) {
  const { blueprint, nickname, id, poolId } = document;
  const tree = useMemo(() => treeOf(blueprint, nickname ?? shortId(id), id), [blueprint]);
  const check = checkOf(document).value;
  const [open, setOpen] = useState(() => openAtFirst(tree.root));
  // While only some lines are shown, all of these are open, but what is closed meanwhile.
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [isOnlyWrong, setOnlyWrong] = useState(false);
  const [active, setActive] = useState<TreeNode>(
    () => tree.root.children.find(({ kind }) => kind === "leaf") ?? tree.root,
  );
  const isUp = life.value?.state === "running";
  const origin = setup.value?.environment.policy.central.memory.pool_router.proxies[poolId];
  const isRunning = check.run?.isRunning ?? false;

  const stateOf = ({ id }: TreeNode): LeafState =>
    (id === null ? undefined : check.states.get(id)) ?? "unchecked";
  const sums = useMemo(() => sumsOf(tree.leaves.map(stateOf)), [tree, check]);
  const belowOf = ({ from, to }: TreeNode): Below => ({
    leaves: to - from,
    checked: sums.checked[to]! - sums.checked[from]!,
    wrong: sums.wrong[to]! - sums.wrong[from]!,
  });
  const rows = useMemo(
    () =>
      isOnlyWrong
        ? rowsOf(
            tree.root,
            (path) => !folded.has(path),
            ({ from, to }) => sums.wrong[to]! > sums.wrong[from]!,
          )
        : rowsOf(
            tree.root,
            (path) => open.has(path),
            () => true,
          ),
    [tree, open, folded, isOnlyWrong, isOnlyWrong ? sums : null],
  );
  const toggle = ({ path }: TreeNode): void => {
    if (isOnlyWrong) setFolded(toggled(folded, path));
    else setOpen(toggled(open, path));
  };

  return (
    <>
      <Actions document={document} others={others} isRunning={isRunning} />
      <div class="manifest-outcome" role="status">
        {check.error ? <ErrorNote error={check.error} /> : null}
        {check.run ? <Outcome run={check.run} onCancel={() => cancel(document)} /> : null}
        {check.broken === null ? null : <Note tone="warn">{check.broken}</Note>}
      </div>
      <div class="row manifest-counts">
        <Counts states={tree.leaves.map(stateOf)} />
        <label class="row small">
          <input
            type="checkbox"
            checked={isOnlyWrong}
            onChange={(event) => setOnlyWrong(event.currentTarget.checked)}
          />
          Only what is not whole
        </label>
      </div>
      <div class="manifest-body">
        {isOnlyWrong && rows.length <= 1 ? (
          <Empty>
            {check.states.size === 0
              ? "Nothing has been checked yet. Verify it first."
              : "Nothing here is known to be broken."}
          </Empty>
        ) : (
          <BlueprintTree
            label={`The blueprint of ${tree.root.name}`}
            rows={rows}
            stateOf={stateOf}
            belowOf={belowOf}
            active={active.path}
            onActive={setActive}
            onToggle={toggle}
            onOpen={(node) => node.id !== null && go("entries", poolId, node.id)}
          />
        )}
        <LeafPanel
          node={active}
          poolId={poolId}
          state={stateOf(active)}
          message={(active.id === null ? undefined : check.messages.get(active.id)) ?? null}
          below={belowOf(active)}
          origin={origin === undefined ? null : poolName(origin)}
          canBreak={isUp && !isRunning}
          onBreak={(how) => {
            if (active.id === null) return;
            showBreak(how, poolId, active.id);
            void breakLeaf(document, { id: active.id, path: active.path }, how);
          }}
        />
      </div>
    </>
  );
}

function Actions({
  document,
  others,
  isRunning,
}: {
  readonly document: ManifestDocument;
  readonly others: readonly ManifestSummary[];
  readonly isRunning: boolean;
}) {
  const { poolId } = document;
  const has = new Set(others.map((one) => one.poolId));
  const pools = Object.keys(setup.value?.environment.policy.central.memory.pool_router.pools ?? {})
    .filter((id) => id !== poolId)
    .sort((a, b) => Number(has.has(b)) - Number(has.has(a)));
  const [chosen, setChosen] = useState<string | null>(null);
  const from = chosen !== null && pools.includes(chosen) ? chosen : pools[0];
  const isReady = life.value?.state === "running" && !isRunning;
  return (
    <div class="row manifest-actions">
      <Button
        tone="primary"
        disabled={!isReady}
        onClick={() => {
          showVerify(document);
          void verify(document);
        }}
      >
        <ShieldCheck size={16} aria-hidden="true" />
        Verify
      </Button>
      <span class="row manifest-repair">
        <Button
          disabled={!isReady || from === undefined}
          onClick={() => {
            if (from === undefined) return;
            showRepair(document, from);
            void repair(document, [from]);
          }}
        >
          <Wrench size={16} aria-hidden="true" />
          Repair from
        </Button>
        <select
          class="input"
          aria-label="The pool to repair from"
          value={from}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {pools.map((id) => (
            <option key={id} value={id}>
              {poolName(id)}
              {has.has(id) ? " (has it, too)" : ""}
            </option>
          ))}
        </select>
      </span>
    </div>
  );
}

/** How many leaves are in each state. */
function Counts({ states }: { readonly states: readonly LeafState[] }) {
  const counts = new Map<LeafState, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <ul class="row" aria-label="Leaves by state">
      <li class="small">{count(states.length, "leaf", "leaves")}:</li>
      {(Object.keys(looks) as LeafState[]).map((state) => {
        const n = counts.get(state);
        return n === undefined ? null : (
          <li key={state}>
            <Badge tone={looks[state].tone}>
              {n.toLocaleString()} {looks[state].word}
            </Badge>
          </li>
        );
      })}
    </ul>
  );
}

/** Of the first `i` leaves: how many are checked, and how many are wrong. */
function sumsOf(states: readonly LeafState[]) {
  const checked = new Uint32Array(states.length + 1);
  const wrong = new Uint32Array(states.length + 1);
  for (const [i, state] of states.entries()) {
    checked[i + 1] = checked[i]! + (state === "unchecked" ? 0 : 1);
    wrong[i + 1] = wrong[i]! + (isWrong(state) ? 1 : 0);
  }
  return { checked, wrong };
}

function toggled(set: ReadonlySet<string>, path: string): Set<string> {
  const now = new Set(set);
  if (!now.delete(path)) now.add(path);
  return now;
}
