import { count, durationText } from "../../core/format.js";
import { Button, Note } from "../../ui/parts.js";
import type { Run } from "./check.js";
import { looks } from "./states.js";

/** How far a verification or a repair is, or what it came to. */
export function Outcome({ run, onCancel }: { readonly run: Run; readonly onCancel: () => void }) {
  if (!run.isRunning) return <Ended run={run} />;
  const { kind, done, total, ms } = run;
  const what = kind === "verify" ? "Verifying" : "Repairing";
  return (
    <div class="manifest-run">
      <progress aria-label={what} value={total === 0 ? undefined : done} max={Math.max(total, 1)} />
      <span class="small tabular">
        {what}: {done.toLocaleString()} of {total === 0 ? "…" : total.toLocaleString()},{" "}
        {durationText(ms)}
      </span>
      <Button onClick={onCancel}>Cancel</Button>
    </div>
  );
}

function Ended({ run: { kind, done, total, end, ms, isCancelled } }: { readonly run: Run }) {
  if (isCancelled)
    return (
      <Note>
        Cancelled after {done.toLocaleString()} of {total.toLocaleString()}. Nothing is lost: start
        again any time.
      </Note>
    );
  if (end === null) return null;
  const { ok, counts } = end;
  const said = Object.entries(looks)
    .map(([state, { word }]) => ({ word, n: counts[state] ?? 0, state }))
    .filter(({ n, state }) => n > 0 && state !== "whole")
    .map(({ word, n }) => `${n.toLocaleString()} ${word}`)
    .join(", ");
  const time = ` (${durationText(ms)})`;
  if (kind === "verify")
    return ok ? (
      <Note tone="good">
        <strong>Whole.</strong> {count(total, "record was", "records were")} read, the manifest's
        own among them, and every byte is as it was written{said === "" ? "" : `, but: ${said}`}.
        {time}
      </Note>
    ) : (
      <Note tone="bad">
        <strong>Not whole: {said}.</strong> Repair brings sound copies from another pool.{time}
      </Note>
    );
  return ok ? (
    <Note tone="good">
      <strong>{said === "" ? "Nothing to repair" : `Mended: ${said}`}.</strong> What was whole was
      not touched. Verify it again.{time}
    </Note>
  ) : (
    <Note tone="bad">
      <strong>Not all could be mended: {said}.</strong> Choose another pool that may have a copy.
      {time}
    </Note>
  );
}
