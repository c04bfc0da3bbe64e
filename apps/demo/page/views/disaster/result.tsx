import { Check } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RecoverStep } from "../../../src/api.js";
import { hrefOf } from "../../core/route.js";
import { ErrorNote, Note } from "../../ui/parts.js";

/** What came back: the comparison, and the array that was remembered. */
export function Result({ steps }: { steps: readonly RecoverStep[] }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const compared = steps.find(({ step }) => step === "compare");
  const remembered = steps.find(({ step }) => step === "remember");
  return (
    <section class="recovered" aria-label="What came back">
      <h2 ref={heading} tabIndex={-1}>
        Everything is back
      </h2>
      {compared && compared.ms !== null && !compared.failure ? (
        <Note tone="good">
          Equal to the original: <strong>yes</strong>. The live set-up was captured again and
          compared with the saved document{compared.detail === null ? "" : `: ${compared.detail}`}.
        </Note>
      ) : (
        <Note tone="warn">The set-up was not compared with the original.</Note>
      )}
      {remembered?.entry ? (
        <section class="panel">
          <header>
            <h3>{remembered.detail ?? "Remembered"}</h3>
            <a href={hrefOf("entries", remembered.entry.poolId, remembered.entry.key)}>
              Open the entry
            </a>
          </header>
          <div class="panel-body value-back">
            <Value {...remembered.entry} />
          </div>
        </section>
      ) : null}
      <p class="recovered-note small quiet">
        <Check size={14} aria-hidden="true" /> What was in the bucket is read through the caches
        again as it is asked for, and kept here anew.
      </p>
    </section>
  );
}

type EntryValue = typeof import("../entries/value/index.js").EntryValue;

/** The value's view is loaded when it is needed: it brings the plots with it. */
function Value({ poolId, key }: NonNullable<RecoverStep["entry"]>) {
  const [View, setView] = useState<EntryValue>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    import("../entries/value/index.js").then(
      ({ EntryValue }) => setView(() => EntryValue),
      setError,
    );
  }, []);
  if (error !== undefined) return <ErrorNote error={error} />;
  return View ? <View poolId={poolId} entryKey={key} compact /> : null;
}
