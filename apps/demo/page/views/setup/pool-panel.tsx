import { isSecretReference } from "@laila/schema";
import { Boxes, Trash2, X } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PoolFacts } from "../../../src/api.js";
import { ask, pathOf } from "../../core/api.js";
import { showCode } from "../../core/code.js";
import { bytesText, durationText } from "../../core/format.js";
import { refreshSetup } from "../../core/live.js";
import { hrefOf } from "../../core/route.js";
import { Dialog } from "../../ui/dialog.js";
import { Badge, Button, CopyButton, ErrorNote } from "../../ui/parts.js";
import type { Tier } from "./forest.js";
import { rateText, Sparkline } from "./pool-card.js";
import { livePulses } from "./pulse.js";
import { poolSnippet, removePoolSnippet } from "./snippets.js";

interface PoolPanelProps {
  readonly tier: Tier;
  readonly origin: Tier | undefined;
  readonly facts: PoolFacts | undefined;
  readonly isRunning: boolean;
  readonly onClose: () => void;
}

/** Everything about one pool, at the side; Escape closes it. */
export function PoolPanel({ tier, origin, facts, isRunning, onClose }: PoolPanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    showCode(poolSnippet(tier));
  }, [tier.id]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // A dialog in front of it is closed first.
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) onClose();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onClose]);
  const remove = async (): Promise<void> => {
    setError(undefined);
    try {
      await ask(pathOf("setup", "pools", tier.id), { method: "DELETE" });
      showCode(removePoolSnippet(tier));
      onClose();
      await refreshSetup();
    } catch (problem) {
      setError(problem);
    } finally {
      setAsking(false);
    }
  };
  const { class_token, package: npmPackage, nickname: _, layers = [], ...fields } = tier.config;
  const needed = neededBecause(tier);
  return (
    <aside class="pool-panel" aria-label={`The pool ${tier.title}`}>
      <header>
        <h2 ref={heading} tabIndex={-1} class="ellipsis">
          {tier.title}
        </h2>
        {tier.isAlpha ? <Badge tone="accent">alpha</Badge> : null}
        <Button tone="plain" label="Close" onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </Button>
      </header>
      <div class="pool-panel-body">
        <div class="row">
          <a class="button primary" href={hrefOf("entries", tier.id)}>
            <Boxes size={16} aria-hidden="true" /> Its entries
          </a>
          <Button disabled={!isRunning || needed !== undefined} onClick={() => setAsking(true)}>
            <Trash2 size={16} aria-hidden="true" /> Take it out
          </Button>
        </div>
        {needed === undefined ? null : <p class="small quiet">{needed}</p>}
        {error === undefined ? null : <ErrorNote error={error} />}
        <PanelPulse poolId={tier.id} />
        <section>
          <h3>What it is</h3>
          <dl class="facts">
            <dt>class</dt>
            <dd>
              {class_token}
              {npmPackage === undefined ? null : <span class="quiet small"> {npmPackage}</span>}
            </dd>
            {facts === undefined ? null : (
              <>
                <dt>place</dt>
                <dd>
                  <span class="mono">{facts.place}</span>
                  <span class="quiet small">
                    {facts.isLocal ? ", on this machine" : ", elsewhere"}
                  </span>
                </dd>
              </>
            )}
            <dt>id</dt>
            <dd class="row">
              <code class="small">{tier.id}</code>
              <CopyButton text={tier.id} label="Copy the id" />
            </dd>
            <dt>names</dt>
            <dd>{tier.names.join(", ") || "none"}</dd>
            <dt>affinity</dt>
            <dd>{tier.affinity}</dd>
            {origin === undefined ? null : (
              <>
                <dt>cache of</dt>
                <dd>
                  <a href={hrefOf("setup", origin.id)}>{origin.title}</a>
                </dd>
              </>
            )}
            {tier.caches.length === 0 ? null : (
              <>
                <dt>its caches</dt>
                <dd>
                  {tier.caches.map(({ id, title }, i) => (
                    <span key={id}>
                      {i === 0 ? "" : ", "}
                      <a href={hrefOf("setup", id)}>{title}</a>
                    </span>
                  ))}
                </dd>
              </>
            )}
          </dl>
        </section>
        <Fields title="Its fields in the document" fields={fields} />
        {layers.map(({ class_token: layer, ...more }, i) => (
          <Fields
            key={layer}
            title={`Layer ${i + 1}${i === 0 ? ", innermost" : ""}: ${layer}`}
            fields={more}
          />
        ))}
        {facts === undefined ? null : <Supports supports={facts.supports} />}
      </div>
      <Dialog
        title={`Take out ${tier.title}?`}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        action="Take it out"
        isDangerous
        onAction={() => void remove()}
      >
        <p>
          The policy forgets this pool; what is in a pool in memory is gone. Saved versions of the
          set-up still have it.
        </p>
      </Dialog>
    </aside>
  );
}

/** Why a pool cannot be taken out here; undefined when it can. */
function neededBecause({ isAlpha, caches, config }: Tier): string | undefined {
  if (isAlpha) return "What names no pool goes here, so it cannot be taken out.";
  if (caches.length > 0)
    return "Its caches read through it, so it cannot be taken out before them.";
  if (config.class_token !== "MemoryPool") return "Only caches in memory can be taken out here.";
  return undefined;
}

function PanelPulse({ poolId }: { poolId: string }) {
  const { rate, median, p95, seconds } = livePulses.of(poolId).value;
  return (
    <section class="panel-pulse">
      <h3>The last minute</h3>
      <Sparkline values={seconds} />
      <p class="small quiet tabular">
        {rateText(rate)}
        {median === null || p95 === null
          ? ""
          : `, median ${durationText(median)}, 95 % within ${durationText(p95)}`}
      </p>
    </section>
  );
}

function Fields({ title, fields }: { title: string; fields: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(fields);
  return (
    <section>
      <h3>{title}</h3>
      {entries.length === 0 ? (
        <p class="small quiet">None: everything is at its default.</p>
      ) : (
        <dl class="facts">
          {entries.map(([name, value]) => (
            <FieldRow key={name} name={name} value={value} />
          ))}
        </dl>
      )}
    </section>
  );
}

function FieldRow({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt class="mono">{name}</dt>
      <dd>
        {isSecretReference(value) ? (
          <Badge tone="warn">secret {value.$secret}</Badge>
        ) : (
          <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
        )}
      </dd>
    </>
  );
}

function Supports({ supports }: Pick<PoolFacts, "supports">) {
  return (
    <section>
      <h3>What it supports</h3>
      <dl class="facts supports">
        {Object.entries(supports).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>
              {typeof value === "number" ? (
                bytesText(value)
              ) : value ? (
                "yes"
              ) : (
                <span class="quiet">no</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** `maxValueBytes` as `max value bytes`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
