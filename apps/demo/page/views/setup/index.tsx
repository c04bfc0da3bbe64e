import { useComputed } from "@preact/signals";
import { Plus } from "lucide-preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { showCode } from "../../core/code.js";
import { durationText } from "../../core/format.js";
import { life, setup } from "../../core/live.js";
import { go, hrefOf, route } from "../../core/route.js";
import { Button, Empty } from "../../ui/parts.js";
import { AddPool } from "./add-pool.js";
import { allOf, forestOf } from "./forest.js";
import { JustNow } from "./just-now.js";
import { Legend } from "./legend.js";
import "./setup.css";
import { Picture } from "./picture.js";
import { rateText } from "./pool-card.js";
import { PoolPanel } from "./pool-panel.js";
import { livePulses } from "./pulse.js";
import { environmentSnippet } from "./snippets.js";
import { TrafficControl } from "./traffic.js";

const poolHref = (id: string): string => hrefOf("setup", id);

/** The live policy as a picture. `#/setup/<pool id>` has a panel about that pool beside it. */
export function SetupView() {
  const [isAdding, setAdding] = useState(false);
  const now = setup.value;
  const selected = route.value[1];
  const tiers = useMemo(() => (now ? allOf(forestOf(now.environment)) : []), [now]);
  const isRunning = life.value?.state === "running";
  const name = useComputed(() => life.value?.name).value;
  useEffect(() => {
    if (name !== undefined) showCode(environmentSnippet(name));
  }, [name]);
  const tier = tiers.find(({ id }) => id === selected);

  return (
    <div class="view setup-view">
      <header class="view-head">
        <div>
          <h1>The set-up</h1>
          <p class="quiet small">
            LAILA keeps entries in pools: in memory, in files, in a bucket. The set-up itself is
            data, too, saved in the bucket: <a href={hrefOf("disaster")}>lose it</a>, and a name
            brings it back.
          </p>
        </div>
        <LiveTotal />
        <TrafficControl isRunning={isRunning} />
        <Button tone="primary" disabled={!isRunning || !now} onClick={() => setAdding(true)}>
          <Plus size={16} aria-hidden="true" /> Add a cache
        </Button>
      </header>
      {now ? (
        <>
          <Picture
            environment={now.environment}
            facts={now.pools}
            live={livePulses}
            poolHref={poolHref}
            selected={selected}
            isLost={!isRunning}
          />
          <Legend />
          <JustNow tiers={tiers} isRunning={isRunning} />
        </>
      ) : (
        <div class="setup-wait">
          <Empty>
            {life.value && !isRunning ? "No set-up runs." : "The set-up is being read …"}
          </Empty>
        </div>
      )}
      {tier && now ? (
        <PoolPanel
          key={tier.id}
          tier={tier}
          origin={tiers.find(({ id }) => id === tier.origin)}
          facts={now.pools[tier.id]}
          isRunning={isRunning}
          onClose={() => {
            go("setup");
            document.querySelector<HTMLElement>(`[data-pool="${tier.id}"] a`)?.focus();
          }}
        />
      ) : null}
      <AddPool tiers={tiers} isOpen={isAdding} onClose={() => setAdding(false)} />
    </div>
  );
}

/** All pools together. */
function LiveTotal() {
  const { rate, median } = livePulses.all.value;
  return (
    <p class="live-total tabular small quiet">
      <strong>{rateText(rate)}</strong> {median === null ? "" : `median ${durationText(median)}`}
    </p>
  );
}
