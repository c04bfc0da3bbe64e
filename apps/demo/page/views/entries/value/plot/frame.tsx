import { Hand, Maximize, ZoomIn, ZoomOut } from "lucide-preact";
import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../../../ui/parts.js";

/** What the buttons below a plot do with it. */
interface Zoomable {
  /** By how much the seen part gets larger; below 1 it zooms in. */
  zoom(factor: number): void;
  reset(): void;
}

interface FrameProps {
  /** Where the plot is drawn. */
  readonly host: RefObject<HTMLDivElement>;
  readonly plot: RefObject<Zoomable | null>;
  /** The plot's text alternative. */
  readonly label: string;
  /** Whether all of it is seen. */
  readonly isAll: boolean;
  /** Whether dragging moves what is seen, in place of choosing what to zoom to: for the plot to look at. */
  readonly moving: { current: boolean };
  /** Takes the value under the pointer. */
  readonly readOut: RefObject<HTMLOutputElement>;
}

/** The place of a plot, and its buttons below. */
export function PlotFrame({ host, plot, label, isAll, moving, readOut }: FrameProps) {
  const [isMoving, setMoving] = useState(false);
  moving.current = isMoving;
  return (
    <>
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
    </>
  );
}
