import { useState } from "preact/hooks";
import { Button, CopyButton } from "../../../ui/parts.js";
import type { ValueWorker } from "../../../worker/client.js";
import type { Shape } from "../../../worker/protocol.js";
import { useAnswer } from "./use-answer.js";

const step = 50_000;

/** Text, a piece at a time. */
export function TextView({ worker, shape }: { worker: ValueWorker; shape: Shape }) {
  const [to, setTo] = useState(step);
  const { value } = useAnswer(
    () => worker.ask("text", { node: shape.node, from: 0, to }),
    [worker, shape, to],
  );
  return (
    <div class="text-value">
      <section
        class="text-box"
        aria-label="Text"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with keys.
        tabIndex={0}
      >
        <pre>{value ?? ""}</pre>
      </section>
      <div class="row">
        <span class="small quiet tabular">
          {Math.min(to, shape.length).toLocaleString()} of {shape.length.toLocaleString()}
        </span>
        {to < shape.length ? <Button onClick={() => setTo(to + step)}>More</Button> : null}
        {value === null ? null : <CopyButton text={value} label="Copy the text" />}
      </div>
    </div>
  );
}
