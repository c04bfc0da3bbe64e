import type { GlobalId } from "@laila/schema";
import { ArrowRight, Eraser, Zap } from "lucide-preact";
import { count } from "../../core/format.js";
import { hrefOf } from "../../core/route.js";
import { Button, CopyButton } from "../../ui/parts.js";
import type { TreeNode } from "./blueprint.js";
import { type LeafState, looks } from "./states.js";
import { type Below, StateWord } from "./tree.js";

interface LeafPanelProps {
  readonly node: TreeNode;
  readonly poolId: GlobalId;
  readonly state: LeafState;
  readonly message: string | null;
  readonly below: Below;
  /** What the pool is a cache of, by name. */
  readonly origin: string | null;
  /** False while the set-up is down or something runs. */
  readonly canBreak: boolean;
  readonly onBreak: (how: "forget" | "flip") => void;
}

/** What is known of the selected place, and what can be done with it. */
export function LeafPanel(props: LeafPanelProps) {
  const { node, poolId, state, message, below, origin, canBreak, onBreak } = props;
  const isLeaf = node.kind === "leaf";
  const isRoot = node.path === "";
  return (
    <aside class="leaf-panel" aria-label="The selected place">
      <h3 class="mono">{isRoot ? node.name : node.path}</h3>
      {isLeaf || isRoot ? (
        <>
          {isRoot ? (
            <p class="quiet small">The manifest's own record, which names the leaves.</p>
          ) : null}
          <p class="row">
            <StateWord state={state} />
          </p>
          <p class="quiet small">{message ?? looks[state].about}</p>
        </>
      ) : null}
      {isLeaf ? null : (
        <p class="small">
          {count(below.leaves, "leaf", "leaves")} below it
          {below.wrong > 0 ? `, ${below.wrong.toLocaleString()} not whole` : ""}
        </p>
      )}
      {node.id === null ? null : (
        <div class="leaf-id">
          <code>{node.id}</code>
          <CopyButton text={node.id} label="Copy the id" />
        </div>
      )}
      {isLeaf && node.id !== null ? (
        <>
          <a class="button" href={hrefOf("entries", poolId, node.id)}>
            Open the entry
            <ArrowRight size={16} aria-hidden="true" />
          </a>
          <div class="leaf-break">
            <h3>Break it on purpose</h3>
            <p class="quiet small">
              {origin === null
                ? "Then verify, and see that it is found."
                : `This pool is a cache of ${origin}: what is forgotten here is found there, and counts as there. A flipped bit is found out.`}
            </p>
            <div class="row">
              <Button disabled={!canBreak} onClick={() => onBreak("forget")}>
                <Eraser size={16} aria-hidden="true" />
                Forget it
              </Button>
              <Button disabled={!canBreak} onClick={() => onBreak("flip")}>
                <Zap size={16} aria-hidden="true" />
                Flip a bit
              </Button>
            </div>
          </div>
        </>
      ) : null}
    </aside>
  );
}
