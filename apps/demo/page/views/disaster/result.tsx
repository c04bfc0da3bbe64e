import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { hrefOf } from "../../core/route.js";
import { Empty, ErrorNote, Note } from "../../ui/parts.js";
import type { Recovery } from "./recovery.js";

interface ResultProps {
  readonly recovery: Recovery;
  /** What to do next. */
  readonly children: ComponentChildren;
}

/** The array that was remembered, and what to do next. */
export function Result({ recovery: { steps, ms }, children }: ResultProps) {
  const remembered = steps.find(({ step }) => step === "remember");
  return (
    <section class="panel recovered" aria-label="What came back">
      {ms === null ? <Empty>What is remembered is plotted here.</Empty> : null}
      {ms !== null && remembered?.entry ? (
        <>
          <div class="row value-head">
            <div>
              <h2>{remembered.title}</h2>
              <p class="small quiet">{remembered.detail}</p>
            </div>
            <a href={hrefOf("entries", remembered.entry.poolId, remembered.entry.key)}>
              Open the entry
            </a>
          </div>
          <div class="value-back">
            <Value poolId={remembered.entry.poolId} entryKey={remembered.entry.key} />
          </div>
        </>
      ) : null}
      {ms === null ? null : <div class="row">{children}</div>}
    </section>
  );
}

/** Says that it is equal only where it was compared, and was. */
export function Verdict({ steps }: Pick<Recovery, "steps">) {
  const compared = steps.find(({ step }) => step === "compare");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const isEqual = compared !== undefined && compared.ms !== null && !compared.failure;
  return (
    <div class="verdict">
      <h2 ref={heading} tabIndex={-1}>
        Everything is back
      </h2>
      {isEqual ? (
        <Note tone="good">
          Equal to the original: <strong>yes</strong>. The live set-up was captured again and
          compared with the saved document{compared.detail === null ? "" : `: ${compared.detail}`}.
        </Note>
      ) : (
        <Note tone="warn">The set-up was not compared with the original.</Note>
      )}
    </div>
  );
}

type EntryValue = typeof import("../entries/value/index.js").EntryValue;

/** The value's view is loaded when it is needed: it brings the plots with it. */
function Value({ poolId, entryKey }: { poolId: string; entryKey: string }) {
  const [View, setView] = useState<EntryValue>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    import("../entries/value/index.js").then(
      ({ EntryValue }) => setView(() => EntryValue),
      setError,
    );
  }, []);
  if (error !== undefined) return <ErrorNote error={error} />;
  return View ? <View poolId={poolId} entryKey={entryKey} compact /> : null;
}
