import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { hrefOf } from "../../core/route.js";
import { Empty, Note } from "../../ui/parts.js";
import { EntryValue } from "../entries/value/index.js";
import type { Lost } from "./lost.js";
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
            <EntryValue poolId={remembered.entry.poolId} entryKey={remembered.entry.key} compact />
          </div>
        </>
      ) : null}
      {ms === null ? null : <div class="row">{children}</div>}
    </section>
  );
}

/** What came back, and what did not. Equal it is only where it was compared, and was. */
export function Verdict({ recovery: { steps, lost } }: Pick<ResultProps, "recovery">) {
  const compared = steps.find(({ step }) => step === "compare");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const isEqual = compared !== undefined && compared.ms !== null && !compared.failure;
  return (
    <div class="verdict">
      <h2 ref={heading} tabIndex={-1}>
        The set-up is back
      </h2>
      {isEqual ? (
        <Note tone="good">
          Equal to the original: <strong>yes</strong>. The live set-up, captured again, beside the
          saved document{compared.detail === null ? "" : `: ${compared.detail}`}. Every entry in the
          bucket is where it was.
        </Note>
      ) : (
        <Note tone="warn">The set-up was not compared with the original.</Note>
      )}
      {lost ? <NotBack lost={lost} /> : null}
    </div>
  );
}

function NotBack({ lost: { gone, emptied } }: { lost: Lost }) {
  if (gone.length + emptied.length === 0) return null;
  return (
    <Note>
      <strong>Not back:</strong> what was on this machine only.
      {gone.length === 0 ? null : (
        <p>{gone.join(", ")}: there again and empty; nothing else had those entries.</p>
      )}
      {emptied.length === 0 ? null : (
        <p>
          {emptied.join(", ")}: {emptied.length === 1 ? "a cache" : "caches"}, filled again as
          entries are read. What was memorized only there is gone.
        </p>
      )}
    </Note>
  );
}
