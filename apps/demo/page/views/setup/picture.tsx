import type { ComponentConfig, EnvironmentDocument } from "@laila/schema";
import { Cpu, Database, Radio } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { PoolFacts } from "../../../src/api.js";
import { count, shortId } from "../../core/format.js";
import { allOf, forestOf, sizeOf, type Tier } from "./forest.js";
import "./picture.css";
import { PoolCard } from "./pool-card.js";
import type { Pulses } from "./pulse.js";

export interface PictureProps {
  readonly environment: EnvironmentDocument;
  /** By pool id: what the document does not say. */
  readonly facts?: Readonly<Record<string, PoolFacts>>;
  /** What lights up; without it the picture is still. */
  readonly live?: Pulses;
  /** Where a click on a pool leads; without it the pools are no links. */
  readonly poolHref?: (poolId: string) => string;
  readonly selected?: string | undefined;
  /** Whether what is on this machine is gone: it is drawn as the place where it was. */
  readonly isLost?: boolean;
}

/** From so many pools on, cards show less of each. */
const compactFrom = 13;
/** So many caches of one origin are drawn each with its own arrow; more of them share one. */
const ownArrows = 4;

/** A policy as a picture: pools with the names that lead to them, caches before their origins, what runs the work. */
export function Picture(props: PictureProps) {
  const { environment } = props;
  const { command, communication } = environment.policy.central;
  const forest = useMemo(() => forestOf(environment), [environment]);
  const tiers = allOf(forest);
  const isCompact = tiers.length >= compactFrom;
  const draw = { ...props, isCompact, titles: new Map(tiers.map(({ id, title }) => [id, title])) };
  return (
    <div class={`policy-picture ${isCompact ? "compact" : ""} ${props.isLost ? "lost" : ""}`}>
      <Part
        icon={<Database size={16} aria-hidden="true" />}
        title="Memory"
        told={count(tiers.length, "pool")}
      >
        <ul class="forest">
          {forest.map((tier) => (
            <Branch key={tier.id} tier={tier} draw={draw} />
          ))}
        </ul>
      </Part>
      <div class="small-parts">
        <Part icon={<Cpu size={16} aria-hidden="true" />} title="Command">
          <ul class="components">
            {Object.entries(command.taskforces).map(([id, config]) => (
              <Taskforce
                key={id}
                id={id}
                config={config}
                isAlpha={id === command.alpha_taskforce}
              />
            ))}
          </ul>
        </Part>
        <Part icon={<Radio size={16} aria-hidden="true" />} title="Communication">
          <ul class="components">
            {Object.entries(communication.connections).map(([id, config]) => (
              <li key={id}>
                <strong>{config.nickname ?? config.class_token}</strong>
                <span class="quiet small">{config.class_token}</span>
              </li>
            ))}
            {Object.keys(communication.connections).length === 0 ? (
              <li class="quiet small">No connection to other policies</li>
            ) : null}
          </ul>
        </Part>
      </div>
    </div>
  );
}

interface TaskforceProps {
  readonly id: string;
  readonly config: ComponentConfig;
  readonly isAlpha: boolean;
}

function Taskforce({ id, config, isAlpha }: TaskforceProps) {
  const { nickname, class_token, max_concurrency: most } = config;
  return (
    <li>
      <strong>{nickname ?? class_token}</strong>
      {isAlpha ? <span class="chip alpha">alpha</span> : null}
      <span class="quiet small">
        {nickname === undefined ? shortId(id) : class_token}
        {typeof most === "number" ? `, ${most} operations at a time` : ""}
      </span>
    </li>
  );
}

interface PartProps {
  readonly icon: ComponentChildren;
  readonly title: string;
  readonly told?: string;
  readonly children: ComponentChildren;
}

function Part({ icon, title, told, children }: PartProps) {
  return (
    <section class="part">
      <h2 class="part-title">
        {icon} {title}
        {told === undefined ? null : <span class="quiet small"> {told}</span>}
      </h2>
      {children}
    </section>
  );
}

interface Draw extends PictureProps {
  readonly isCompact: boolean;
  readonly titles: ReadonlyMap<string, string>;
}

/** A pool, with the caches before it at its left (above it, where there is little room) and arrows to it. */
function Branch({ tier, draw }: { tier: Tier; draw: Draw }) {
  const { facts, live, poolHref, selected, isCompact, titles } = draw;
  const leaves = tier.caches.filter(({ caches }) => caches.length === 0);
  const hasGroup = leaves.length > ownArrows;
  const single = hasGroup ? tier.caches.filter(({ caches }) => caches.length > 0) : tier.caches;
  const isWide = allOf([tier]).some(({ caches }) => caches.length > ownArrows);
  return (
    <li class={`tier ${isWide ? "wide" : ""}`} data-size={sizeOf(tier)}>
      {tier.caches.length === 0 ? null : (
        <ul class="caches" aria-label={`Caches of ${tier.title}`}>
          {single.map((cache) => (
            <Branch key={cache.id} tier={cache} draw={draw} />
          ))}
          {hasGroup ? (
            <li class="tier group">
              <ul>
                {leaves.map((cache) => (
                  <Branch key={cache.id} tier={cache} draw={draw} />
                ))}
              </ul>
            </li>
          ) : null}
        </ul>
      )}
      <PoolCard
        tier={tier}
        facts={facts?.[tier.id]}
        pulse={live?.of(tier.id)}
        href={poolHref?.(tier.id)}
        isSelected={selected === tier.id}
        isCompact={isCompact}
        originTitle={tier.origin === undefined ? undefined : titles.get(tier.origin)}
      />
    </li>
  );
}
