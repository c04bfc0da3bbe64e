import type { PoolConfig } from "@laila/schema";
import type { ReadonlySignal } from "@preact/signals";
import {
  Archive,
  Cloud,
  Database,
  Folder,
  HardDrive,
  Laptop,
  MemoryStick,
  Signpost,
  Star,
} from "lucide-preact";
import type { PoolFacts } from "../../../src/api.js";
import { durationText } from "../../core/format.js";
import type { Tier } from "./forest.js";
import "./pool-card.css";
import type { Pulse } from "./pulse.js";

const classIcons: Readonly<Record<string, typeof Database>> = {
  MemoryPool: MemoryStick,
  S3Pool: Archive,
  HDF5Pool: HardDrive,
  FilesystemPool: Folder,
};

interface PoolCardProps {
  readonly tier: Tier;
  readonly facts: PoolFacts | undefined;
  readonly pulse: ReadonlySignal<Pulse> | undefined;
  readonly href: string | undefined;
  readonly isSelected: boolean;
  readonly isCompact: boolean;
  readonly originTitle: string | undefined;
}

/** One pool of the picture; a ring around it for each layer. */
export function PoolCard(props: PoolCardProps) {
  const { tier, facts, pulse, href, isSelected, isCompact, originTitle } = props;
  const { config, title, isAlpha } = tier;
  const Icon = classIcons[config.class_token] ?? Database;
  const layers = (config.layers ?? []).map(({ class_token }) => class_token);
  const place = facts?.place ?? placeOf(config);
  const classes = [
    "pool-card",
    facts && !facts.isLocal ? "remote" : "",
    isSelected ? "selected" : "",
  ].join(" ");
  const rings = Math.min(layers.length, isCompact ? 1 : 4);
  return (
    <div class={classes} data-rings={rings} data-pool={tier.id}>
      {pulse === undefined ? null : <Glow pulse={pulse} />}
      <span class="pool-head">
        <Icon size={18} aria-hidden="true" />
        <strong class="ellipsis" title={title}>
          {href === undefined ? (
            title
          ) : (
            <a href={href} aria-current={isSelected ? "true" : undefined}>
              {title}
            </a>
          )}
        </strong>
        {originTitle === undefined ? null : <span class="unseen">cache of {originTitle}</span>}
        {isAlpha && isCompact ? <Alpha isCompact /> : null}
        {facts === undefined || (isCompact && facts.isLocal) ? null : <Where facts={facts} />}
      </span>
      {isCompact ? null : (
        <span class="pool-place small quiet ellipsis">
          {title === config.class_token ? "" : `${config.class_token} `}
          <span class="mono">{place}</span>
        </span>
      )}
      <Names tier={tier} isCompact={isCompact} />
      {layers.length === 0 ? null : <Layers names={layers} isCompact={isCompact} />}
      {isCompact || facts === undefined ? null : (
        <span class="small quiet ellipsis">{keepsText(facts)}</span>
      )}
      {isCompact ? (
        <span class="compact-line small">
          <span class="quiet ellipsis">{place || config.class_token}</span>
          {pulse === undefined ? null : <Rate pulse={pulse} />}
        </span>
      ) : pulse === undefined ? null : (
        <Beat pulse={pulse} />
      )}
    </div>
  );
}

/** Where a pool lies, as far as a document says it. */
function placeOf({ bucket_name, prefix, file_path, directory }: PoolConfig): string {
  if (typeof bucket_name === "string")
    return `s3://${bucket_name}/${typeof prefix === "string" ? prefix : ""}`;
  const path = file_path ?? directory;
  return typeof path === "string" ? path : "";
}

function Alpha({ isCompact = false }: { isCompact?: boolean }) {
  return (
    <span class="chip alpha" title="The alpha pool: what names no pool goes here">
      <Star size={11} aria-hidden="true" /> {isCompact ? "" : "alpha"}
    </span>
  );
}

/** What leads to a pool; where there is little room, only the names that it is not called anyway. */
function Names({ tier, isCompact }: { tier: Tier; isCompact: boolean }) {
  const { names, title, affinity, isAlpha } = tier;
  const shown = isCompact ? names.filter((name) => name !== title) : names;
  const isBare = names.length === 0 && affinity === 0 && !isAlpha;
  if (isCompact && shown.length === 0) return null;
  return (
    <span class="chips">
      {isAlpha && !isCompact ? <Alpha /> : null}
      {shown.map((name) => (
        <span key={name} class="chip" title={`The router leads "${name}" here`}>
          <Signpost size={11} aria-hidden="true" /> <span class="ellipsis">{name}</span>
        </span>
      ))}
      {affinity === 0 || isCompact ? null : (
        <span class="chip" title="The router's affinity for this pool">
          affinity {affinity}
        </span>
      )}
      {isBare ? <span class="chip bare">no name leads here</span> : null}
    </span>
  );
}

function Layers({ names, isCompact }: { names: readonly string[]; isCompact: boolean }) {
  const title = `Layers around the pool, innermost first: ${names.join(", ")}`;
  if (isCompact)
    return (
      <span class="layers-line small ellipsis" title={title}>
        {names.join(", ")}
      </span>
    );
  return (
    <span class="chips" title={title}>
      {names.map((name) => (
        <span key={name} class="chip layer">
          {name}
        </span>
      ))}
    </span>
  );
}

function Where({ facts: { isLocal } }: { facts: PoolFacts }) {
  const Icon = isLocal ? Laptop : Cloud;
  const text = isLocal ? "On this machine" : "Elsewhere: a disaster here does not reach it";
  return (
    <span class="where" title={text}>
      <Icon size={15} aria-hidden="true" />
      <span class="unseen">{isLocal ? "on this machine" : "elsewhere"}</span>
    </span>
  );
}

/** What becomes of what is in a pool; the rest of what it supports is in its panel. */
function keepsText({ supports }: PoolFacts): string {
  const { persistent, durable, sharedBetweenProcesses, evicts } = supports;
  if (persistent === false) return evicts ? "in memory, what was used last" : "in memory only";
  const shared = sharedBetweenProcesses ? "for many processes" : "for one process";
  return durable ? `durable, ${shared}` : shared;
}

/** Lights up with each batch of operations. */
function Glow({ pulse }: { pulse: ReadonlySignal<Pulse> }) {
  const { flash, tone } = pulse.value;
  // A new key is a new element, so the animation begins anew.
  return flash === 0 ? null : <span key={flash} class={`glow ${tone}`} data-flash={flash} />;
}

function Beat({ pulse }: { pulse: ReadonlySignal<Pulse> }) {
  const { median, p95, seconds } = pulse.value;
  return (
    <span class="beat tabular">
      <Sparkline values={seconds} />
      <Rate pulse={pulse} />
      <span class="quiet" title="Median and 95th percentile of the last minute">
        {median === null || p95 === null ? "" : `${durationText(median)} · ${durationText(p95)}`}
      </span>
    </span>
  );
}

function Rate({ pulse }: { pulse: ReadonlySignal<Pulse> }) {
  const { rate, median } = pulse.value;
  const told = median === null ? "" : `, median ${durationText(median)}`;
  return (
    <span
      class={`tabular ${rate === 0 ? "quiet" : ""}`}
      title={`Operations a second, over the last five${told}`}
    >
      {rate === 0 ? "idle" : rateText(rate)}
    </span>
  );
}

/** `0.4/s`, `120/s`. */
export function rateText(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString()}/s`;
}

/** Operations of each second of the last minute. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(4, ...values);
  const points = values.map((n, i) => `${i},${(1 - n / most) * 16}`).join(" ");
  return (
    <svg
      class="sparkline"
      viewBox={`0 -1 ${values.length - 1} 18`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points} />
    </svg>
  );
}
