// biome-ignore-all lint/a11y/useSemanticElements: a table's elements want all the rows to be there.
// biome-ignore-all lint/a11y/useFocusableInteractive: the table is scrolled as a whole.
import type { ValueWorker } from "../../../worker/client.js";
import { hexRow } from "../../../worker/hex.js";
import type { Shape } from "../../../worker/protocol.js";
import { ScrollWindow } from "./scroll-window.js";
import { useAnswer } from "./use-answer.js";

/** Bytes as hexadecimal digits and as ASCII. */
export function HexView({ worker, shape }: { worker: ValueWorker; shape: Shape }) {
  const width = matchMedia("(max-width: 760px)").matches ? 8 : 16;
  return (
    <ScrollWindow
      label={`${shape.length.toLocaleString()} bytes in hexadecimal`}
      class="hex mono"
      rows={Math.ceil(shape.length / width)}
      rowHeight={22}
      columns={3}
    >
      {(first, length) => (
        <HexRows worker={worker} shape={shape} first={first} length={length} width={width} />
      )}
    </ScrollWindow>
  );
}

interface HexRowsProps {
  readonly worker: ValueWorker;
  readonly shape: Shape;
  readonly first: number;
  readonly length: number;
  readonly width: number;
}

function HexRows({ worker, shape, first, length, width }: HexRowsProps) {
  const { value } = useAnswer(async () => {
    const range = { from: first * width, to: (first + length) * width };
    return { ...range, bytes: await worker.ask("bytes", { node: shape.node, ...range }) };
  }, [worker, shape, first, length, width]);
  return Array.from({ length }, (_, i) => {
    const offset = (first + i) * width;
    const begin = offset - (value?.from ?? 0);
    const row = value && begin >= 0 ? hexRow(value.bytes.subarray(begin, begin + width)) : null;
    return (
      <div key={offset} role="row" aria-rowindex={first + i + 1} class="hex-row">
        <span role="rowheader" class="quiet">
          {offset.toString(16).padStart(8, "0")}
        </span>
        <span role="cell">{row?.hex ?? ""}</span>
        <span role="cell" class="hex-text">
          {row?.text ?? ""}
        </span>
      </div>
    );
  });
}
