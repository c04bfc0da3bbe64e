import { useSignal } from "@preact/signals";
import { CircleCheck, CircleX, LoaderCircle } from "lucide-preact";
import { useEffect } from "preact/hooks";
import type { RecoverStep } from "../../../src/api.js";
import { count, durationText } from "../../core/format.js";
import { ErrorNote } from "../../ui/parts.js";
import type { Recovery } from "./recovery.js";
import { Verdict } from "./result.js";

/** What a recovery did, step by step, with what each one cost. */
export function Steps({ recovery }: { recovery: Recovery }) {
  const { steps, ms, failure } = recovery;
  const longest = Math.max(1, ...steps.map((step) => step.ms ?? 0));
  const requests = steps.reduce((sum, step) => sum + step.requests, 0);
  const isDone = ms !== null;
  return (
    <section class="panel recovery" aria-label="The recovery">
      <div class="recovery-total" role="status">
        <strong class="tabular">
          {isDone ? secondsText(ms) : <Clock began={recovery.began} />}
        </strong>
        <span>
          {isDone
            ? failure
              ? "and it could not be recovered"
              : "and the set-up is back"
            : "recovering"}
          <span class="quiet">, {count(requests, "round trip")} to the bucket</span>
        </span>
      </div>
      <ol class="steps">
        {steps.map((step) => (
          <Step key={step.step} step={step} longest={longest} />
        ))}
      </ol>
      {isDone && !failure ? <Verdict recovery={recovery} /> : null}
      {failure && !steps.some((step) => step.failure) ? <ErrorNote error={failure} /> : null}
    </section>
  );
}

function Step({ step, longest }: { step: RecoverStep; longest: number }) {
  const { title, ms, requests, detail, failure } = step;
  const isRunning = ms === null && !failure;
  const Icon = failure ? CircleX : isRunning ? LoaderCircle : CircleCheck;
  return (
    <li class={failure ? "failed" : isRunning ? "running" : "done"} data-step={step.step}>
      <Icon size={18} aria-hidden="true" />
      <div class="step-text">
        <span class="step-title">{title}</span>
        {detail === null ? null : <span class="quiet small">{detail}</span>}
        {failure ? (
          <span class="step-failure" role="alert">
            <strong class="mono">{failure.code}</strong> {failure.message}
          </span>
        ) : null}
      </div>
      <span class="step-bar" aria-hidden="true">
        <span style={{ width: `${((ms ?? 0) / longest) * 100}%` }} />
      </span>
      <span class="step-cost tabular small">
        <span>{ms === null ? "" : durationText(ms)}</span>
        <span class="quiet">{requests === 0 ? "" : count(requests, "round trip")}</span>
      </span>
    </li>
  );
}

/** Runs while it is there. */
function Clock({ began }: { began: number }) {
  const now = useSignal(performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = performance.now();
    }, 100);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true">{secondsText(Math.max(0, now.value - began))}</span>;
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`;
}
