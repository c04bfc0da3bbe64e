import { useEffect, useRef, useState } from "preact/hooks";
import type { Operation } from "../../../src/api.js";
import { bytesText, durationText, shortId } from "../../core/format.js";
import { onOperations } from "../../core/live.js";
import { hrefOf } from "../../core/route.js";
import { Panel } from "../../ui/parts.js";
import type { Tier } from "./forest.js";

const rows = 8;
const everyMs = 400;
const words = { memorize: "memorized", remember: "remembered", forget: "forgotten" } as const;

/** The last operations, newest first. It stands still while somebody points at it. */
export function JustNow({ tiers, isRunning }: { tiers: readonly Tier[]; isRunning: boolean }) {
  const [shown, setShown] = useState<readonly Operation[]>([]);
  const isHeld = useRef(false);
  useEffect(() => {
    let latest: readonly Operation[] = [];
    let isNew = false;
    const end = onOperations((operations) => {
      latest = [...operations.toReversed(), ...latest].slice(0, rows);
      isNew = true;
    });
    const timer = setInterval(() => {
      if (!isNew || isHeld.current) return;
      isNew = false;
      setShown(latest);
    }, everyMs);
    return () => {
      end();
      clearInterval(timer);
    };
  }, []);
  const hold = (value: boolean) => () => {
    isHeld.current = value;
  };
  const titles = new Map(tiers.map(({ id, title }) => [id, title]));
  return (
    <Panel title="Just now" class="just-now">
      <ul
        onPointerEnter={hold(true)}
        onPointerLeave={hold(false)}
        onFocusCapture={hold(true)}
        onBlurCapture={hold(false)}
      >
        {shown.map((operation, i) => (
          <Row
            key={i}
            operation={operation}
            title={titles.get(operation.poolId) ?? shortId(operation.poolId)}
          />
        ))}
        {shown.length === 0 ? (
          <li class="quiet small">{isRunning ? "Nothing yet." : "Nothing: it is down."}</li>
        ) : null}
      </ul>
    </Panel>
  );
}

function Row({ operation, title }: { operation: Operation; title: string }) {
  const { verb, poolId, key, bytes, ms, failed } = operation;
  return (
    <li>
      <span class={`verb ${failed === null ? verb : "failed"}`}>{failed ?? words[verb]}</span>
      <a class="mono ellipsis" href={hrefOf("entries", poolId, key)}>
        {shortId(key)}
      </a>
      <span class="ellipsis">
        {verb === "memorize" ? "in" : "from"} {title}
      </span>
      <span class="quiet tabular number">{bytesText(bytes)}</span>
      <span class="quiet tabular number">{durationText(ms)}</span>
    </li>
  );
}
