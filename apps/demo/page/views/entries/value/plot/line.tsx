import { useEffect, useRef, useState } from "preact/hooks";
import { latest, type ValueWorker } from "../../../../worker/client.js";
import type { ArrayShape, Cut } from "../../../../worker/protocol.js";
import { PlotFrame } from "./frame.js";
import { LinePlot } from "./line-plot.js";
import { plotColours, useTheme } from "./theme.js";

interface LineProps {
  readonly worker: ValueWorker;
  readonly node: number;
  readonly array: ArrayShape;
  readonly cut: Cut;
  readonly compact: boolean;
  /** How wide it may be; 0 until it is known. */
  readonly room: number;
  readonly label: string;
}

/** One dimension of an array as a line. */
export function LineView({ worker, node, array, cut, compact, label, room }: LineProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | null>(null);
  const moving = useRef(false);
  const readOut = useRef<HTMLOutputElement>(null);
  const theme = useTheme();
  const [isAll, setAll] = useState(true);
  const [each, setEach] = useState(1);
  const length = array.shape[cut.x] ?? 1;

  useEffect(() => {
    const element = host.current;
    if (!element || room === 0) return;
    const ask = latest(
      (index: number) =>
        worker.ask("cells", { node, cut, rows: [0, 1], columns: [index, index + 1] }),
      (cells, index) => {
        if (readOut.current) readOut.current.textContent = `Index ${index}: ${cells[0]?.[0] ?? ""}`;
      },
    );
    const made = new LinePlot(element, {
      worker,
      node,
      cut,
      length,
      width: room,
      height: compact ? 220 : 340,
      colours: plotColours(element),
      label: array.shape.length > 1 ? `dimension ${cut.x}` : "index",
      isMoving: () => moving.current,
      onIndex: (index) => {
        if (index !== null) ask(index);
        else if (readOut.current) readOut.current.textContent = "";
      },
      onSpan: (_, isWhole, points) => {
        setAll(isWhole);
        setEach(points);
      },
    });
    plot.current = made;
    return () => {
      made.close();
      plot.current = null;
    };
  }, [worker, node, room, theme, cut, length, compact]);
  return (
    <div class="line-plot">
      <PlotFrame {...{ host, plot, label, isAll, moving, readOut }} />
      {each > 1 ? (
        <p class="small quiet">
          Each point is the least and the greatest of {each.toLocaleString()} elements.
        </p>
      ) : null}
    </div>
  );
}
