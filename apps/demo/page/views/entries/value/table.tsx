// biome-ignore-all lint/a11y/useSemanticElements: a table's elements want all the rows to be there.
// biome-ignore-all lint/a11y/useFocusableInteractive: the table is scrolled as a whole.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ValueWorker } from "../../../worker/client.js";
import { firstCut } from "../../../worker/numbers.js";
import type { Cut, Shape } from "../../../worker/protocol.js";
import { ScrollWindow } from "./scroll-window.js";
import { Sliders } from "./sliders.js";
import { useAnswer } from "./use-answer.js";

/** Room for what is written with the most digits. */
function columnWidth(dtype: string): number {
  if (dtype.startsWith("complex")) return 260;
  return /64$|^str$/.test(dtype) ? 190 : 120;
}

interface TableProps {
  readonly worker: ValueWorker;
  readonly shape: Shape;
}

/** Every element, exactly. */
export function TableView({ worker, shape }: TableProps) {
  const array = shape.array;
  const [cut, setCut] = useState(() => array && firstCut(array));
  if (!array || !cut) return null;
  const rows = cut.y === null ? (array.shape[cut.x] ?? 1) : (array.shape[cut.y] ?? 1);
  const columns = cut.y === null ? 1 : (array.shape[cut.x] ?? 1);
  return (
    <div class="number-table">
      <Sliders array={array} cut={cut} onCut={setCut} />
      <Columns {...{ worker, shape, cut, rows, columns }} />
    </div>
  );
}

interface ColumnsProps extends TableProps {
  readonly cut: Cut;
  readonly rows: number;
  readonly columns: number;
}

/** As many columns as there is room for; buttons lead to the others. */
function Columns({ worker, shape, cut, rows, columns }: ColumnsProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = columnWidth(shape.array?.dtype ?? "");
  const [room, setRoom] = useState(6);
  const [firstColumn, setFirstColumn] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setRoom(Math.max(1, Math.floor((element.clientWidth - 90) / width))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [width]);
  const from = Math.max(0, Math.min(firstColumn, columns - room));
  const to = Math.min(columns, from + room);
  return (
    <div ref={box} class="number-columns">
      {columns > room ? (
        <label class="slider">
          <span class="small quiet">Columns</span>
          <input
            type="range"
            min={0}
            max={columns - room}
            value={from}
            onInput={(event) => setFirstColumn(Number(event.currentTarget.value))}
          />
          <output class="small tabular">
            {to - from > 1 ? `${from}–${to - 1}` : from} of {columns}
          </output>
        </label>
      ) : null}
      <ScrollWindow
        label={`Table of ${shape.type}`}
        class="cells mono"
        rows={rows + 1}
        columns={columns + 1}
        rowHeight={28}
      >
        {(first, length) => (
          <Rows {...{ worker, shape, cut, first, length, rows }} columns={[from, to]} />
        )}
      </ScrollWindow>
    </div>
  );
}

interface RowsProps extends TableProps {
  readonly cut: Cut;
  readonly first: number;
  readonly length: number;
  readonly rows: number;
  readonly columns: readonly [number, number];
}

function Rows({ worker, shape, cut, first, length, rows, columns }: RowsProps) {
  const [from, to] = columns;
  const until = Math.min(rows, first + length);
  const { value } = useAnswer(async () => {
    // Of a row there is one column, downwards.
    const [plane, wide] =
      cut.y === null ? [{ ...cut, x: -1, y: cut.x }, [0, 1] as const] : [cut, [from, to] as const];
    const wanted = { node: shape.node, cut: plane, rows: [first, until] as const, columns: wide };
    return { first, from, cells: await worker.ask("cells", wanted) };
  }, [worker, shape, cut, first, until, from, to]);
  return (
    <>
      <div role="row" aria-rowindex={1} class="cells-row cells-head">
        <span role="columnheader">index</span>
        {Array.from({ length: to - from }, (_, c) => (
          <span key={from + c} role="columnheader" aria-colindex={from + c + 2}>
            {cut.y === null ? "value" : from + c}
          </span>
        ))}
      </div>
      {Array.from({ length: Math.max(0, until - first) }, (_, i) => {
        const row = value?.cells[first + i - value.first];
        return (
          <div key={first + i} role="row" aria-rowindex={first + i + 2} class="cells-row">
            <span role="rowheader" class="quiet">
              {first + i}
            </span>
            {Array.from({ length: to - from }, (_, c) => {
              const text = row?.[from + c - (value?.from ?? 0)] ?? "";
              return (
                <span key={from + c} role="cell" aria-colindex={from + c + 2} title={text}>
                  {text}
                </span>
              );
            })}
          </div>
        );
      })}
    </>
  );
}
