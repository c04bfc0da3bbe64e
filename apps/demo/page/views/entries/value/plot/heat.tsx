import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { latest, type ValueWorker } from "../../../../worker/client.js";
import type { ArrayShape, Cut } from "../../../../worker/protocol.js";
import { PlotFrame } from "./frame.js";
import { HeatMap, type Paint } from "./heat-map.js";
import { plotColours, useTheme } from "./theme.js";

interface HeatProps {
  readonly worker: ValueWorker;
  readonly node: number;
  readonly array: ArrayShape;
  readonly paint: Paint;
  readonly compact: boolean;
  /** How wide it may be; 0 until it is known. */
  readonly room: number;
  /** Its text alternative. */
  readonly label: string;
  /** What stands below, as wide as the plot. */
  readonly children: ComponentChildren;
}

/** Room for the axes and their labels. */
const axesWidth = 60;
const axesHeight = 42;

/** As wide as there is room; as high as makes elements square, where that is no extreme. */
function sizeOf(room: number, columns: number, rows: number, compact: boolean) {
  const most = compact ? 380 : Math.min(620, Math.max(300, innerHeight - 440));
  const ratio = columns / rows;
  const isSquare = ratio >= 0.2 && ratio <= 6;
  if (!isSquare) return { width: room, height: most };
  const inner = Math.min(room - axesWidth, (most - axesHeight) * ratio);
  return { width: Math.round(inner + axesWidth), height: Math.round(inner / ratio + axesHeight) };
}

/** Two dimensions of an array as a heat map. */
export function Heat({ worker, node, array, paint, compact, label, room, children }: HeatProps) {
  const host = useRef<HTMLDivElement>(null);
  const map = useRef<HeatMap | null>(null);
  const moving = useRef(false);
  const readOut = useRef<HTMLOutputElement>(null);
  const theme = useTheme();
  const [isAll, setAll] = useState(true);
  const { cut } = paint;
  const columns = array.shape[cut.x] ?? 1;
  const rows = array.shape[cut.y ?? 0] ?? 1;
  const latestCut = useRef<Cut>(cut);
  latestCut.current = cut;

  useEffect(() => {
    const element = host.current;
    if (!element || room === 0) return;
    const ask = latest(
      ({ row, column }: { row: number; column: number }) =>
        worker.ask("cells", {
          node,
          cut: latestCut.current,
          rows: [row, row + 1],
          columns: [column, column + 1],
        }),
      (cells, { row, column }) => {
        if (readOut.current)
          readOut.current.textContent = `Row ${row}, column ${column}: ${cells[0]?.[0] ?? ""}`;
      },
    );
    const made = new HeatMap(element, {
      worker,
      node,
      columns,
      rows,
      ...sizeOf(room, columns, rows, compact),
      colours: plotColours(element),
      labels: { x: `dimension ${cut.x}`, y: `dimension ${cut.y ?? 0}` },
      isMoving: () => moving.current,
      onPoint: (at) => {
        if (at) ask(at);
        else if (readOut.current) readOut.current.textContent = "";
      },
      onRegion: (_, isWhole) => setAll(isWhole),
    });
    map.current = made;
    made.paint(paint);
    setAll(true);
    return () => {
      made.close();
      map.current = null;
    };
  }, [worker, node, room, theme, columns, rows, compact, cut.x, cut.y]);

  useEffect(() => map.current?.paint(paint), [paint]);
  return (
    <div
      class="heat"
      style={{ maxWidth: room === 0 ? undefined : sizeOf(room, columns, rows, compact).width }}
    >
      <PlotFrame {...{ host, plot: map, label, isAll, moving, readOut }} />
      {children}
    </div>
  );
}
