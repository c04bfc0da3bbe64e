import { Hand, Maximize, ZoomIn, ZoomOut } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../../../ui/parts.js";
import { latest, type ValueWorker } from "../../../../worker/client.js";
import type { ArrayShape, Cut } from "../../../../worker/protocol.js";
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
  const readOut = useRef<HTMLOutputElement>(null);
  const theme = useTheme();
  const [isAll, setAll] = useState(true);
  const [each, setEach] = useState(1);
  const [isMoving, setMoving] = useState(false);
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
    made.isMoving = isMoving;
    return () => {
      made.close();
      plot.current = null;
    };
  }, [worker, node, room, theme, cut, length, compact]);
  useEffect(() => {
    if (plot.current) plot.current.isMoving = isMoving;
  }, [isMoving]);
  return (
    <div class="line-plot">
      <div
        ref={host}
        class={`plot-host${isMoving ? " is-moving" : ""}`}
        role="img"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved and zoomed with keys.
        tabIndex={0}
      />
      <div class="row plot-tools">
        <Button label="Zoom in" onClick={() => plot.current?.zoom(0.6)}>
          <ZoomIn size={16} aria-hidden="true" />
        </Button>
        <Button label="Zoom out" disabled={isAll} onClick={() => plot.current?.zoom(1 / 0.6)}>
          <ZoomOut size={16} aria-hidden="true" />
        </Button>
        <Button label="Show all" disabled={isAll} onClick={() => plot.current?.reset()}>
          <Maximize size={16} aria-hidden="true" />
        </Button>
        <Button label="Drag to move" aria-pressed={isMoving} onClick={() => setMoving(!isMoving)}>
          <Hand size={16} aria-hidden="true" />
        </Button>
        <output ref={readOut} class="small mono read-out" />
      </div>
      {each > 1 ? (
        <p class="small quiet">
          Each point is the least and the greatest of {each.toLocaleString()} elements.
        </p>
      ) : null}
    </div>
  );
}
