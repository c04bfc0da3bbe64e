import type { GlobalId } from "@laila/schema";
import { ListTree, RefreshCw } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { ManifestSummary } from "../../../src/api.js";
import { ask } from "../../core/api.js";
import { count, shortId } from "../../core/format.js";
import { life } from "../../core/live.js";
import { refresh, useLoaded } from "../../core/loaded.js";
import { poolName } from "../../core/pools.js";
import { hrefOf, route } from "../../core/route.js";
import { Button, Empty, ErrorNote, Note, Panel } from "../../ui/parts.js";
import { Waiting } from "../../ui/waiting.js";
import { checkOf } from "./check.js";
import { ManifestPanel } from "./manifest.js";
import "./manifests.css";
import { showList } from "./snippets.js";

const load = (): Promise<ManifestSummary[]> => ask<ManifestSummary[]>("manifests");

/** The manifests of every pool, and the one that the address names. */
export function ManifestsView() {
  const { value, error, isLoading } = useLoaded("manifests", load);
  const [, namedPool, named] = route.value;
  // Where there is room for both, the first is open beside the list.
  const poolId = named === undefined ? value?.[0]?.poolId : namedPool;
  const id = named ?? value?.[0]?.id;
  const state = life.value?.state;
  const firstPool = value?.[0]?.poolId;
  useEffect(() => {
    if (named === undefined && firstPool !== undefined) showList(firstPool);
  }, [named, firstPool]);
  return (
    <div class={`view manifests ${named === undefined ? "" : "has-open"}`}>
      <div class="view-head">
        <div>
          <h1>Manifests</h1>
          <p class="quiet small">
            A manifest names a tree of entries, so that all of it can be verified and repaired.
            Break a leaf, and mend it.
          </p>
        </div>
        <Button
          tone="plain"
          label="Look again"
          disabled={isLoading || state !== "running"}
          onClick={() => void refresh("manifests", load)}
        >
          <RefreshCw size={16} aria-hidden="true" />
        </Button>
      </div>
      {state === "running" || state === undefined ? null : (
        <Note tone="warn">What is shown is what was known before.</Note>
      )}
      {error ? <ErrorNote error={error} /> : null}
      <div class="manifests-body">
        <List manifests={value} poolId={poolId} id={id} />
        {poolId !== undefined && id !== undefined ? (
          <ManifestPanel
            key={`${poolId} ${id}`}
            which={{ poolId, id }}
            others={(value ?? []).filter((one) => one.id === id && one.poolId !== poolId)}
          />
        ) : (
          <div class="manifests-none">
            <Empty>
              <ListTree size={28} aria-hidden="true" />
              Choose a manifest to see its leaves.
            </Empty>
          </div>
        )}
      </div>
    </div>
  );
}

interface ListProps {
  readonly manifests: readonly ManifestSummary[] | null;
  readonly poolId: GlobalId | undefined;
  readonly id: GlobalId | undefined;
}

function List({ manifests, poolId, id }: ListProps) {
  if (manifests === null)
    return (
      <div class="manifests-list">
        <Waiting>Looking for manifests in every pool…</Waiting>
      </div>
    );
  const pools = new Map<GlobalId, ManifestSummary[]>();
  for (const one of manifests) pools.set(one.poolId, [...(pools.get(one.poolId) ?? []), one]);
  return (
    <nav class="manifests-list" aria-label="Manifests">
      {manifests.length === 0 ? <Empty>There is no manifest in any pool.</Empty> : null}
      {[...pools].map(([pool, own]) => (
        <Panel key={pool} title={poolName(pool)}>
          <ul>
            {own.map((one) => (
              <li key={one.id}>
                <a
                  href={hrefOf("manifests", pool, one.id)}
                  aria-current={pool === poolId && one.id === id ? "page" : undefined}
                >
                  <span class="ellipsis">{one.nickname ?? shortId(one.id)}</span>
                  <Known manifest={one} />
                </a>
              </li>
            ))}
          </ul>
        </Panel>
      ))}
    </nav>
  );
}

/** What the last verification came to, else its size. */
function Known({ manifest }: { readonly manifest: ManifestSummary }) {
  const { run } = checkOf(manifest).value;
  if (run?.kind === "verify" && run.end)
    return run.end.ok ? (
      <span class="leaf-state good">whole</span>
    ) : (
      <span class="leaf-state bad">not whole</span>
    );
  return <span class="leaf-state">{count(manifest.leaves, "leaf", "leaves")}</span>;
}
