import { useMemo, useRef, useState } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import { ErrorNote, Field, Note } from "../../../../ui/parts.js";
import type { ValueWorker } from "../../../../worker/client.js";
import { firstCut } from "../../../../worker/numbers.js";
import type { ArrayShape, Cut, Part, Stats } from "../../../../worker/protocol.js";
import { Sliders } from "../sliders.js";
import { useAnswer } from "../use-answer.js";
import { ColourBar } from "./colour-bar.js";
import { Heat } from "./heat.js";
import { LineView } from "./line.js";
import { numberText } from "./number-text.js";
import { coloursOf, type Palette, paletteFor, palettes, rangeFor } from "./palettes.js";
import { StatsView } from "./stats-view.js";
import { useWidth } from "./use-width.js";

interface ArrayPlotProps {
  readonly worker: ValueWorker;
  readonly node: number;
  readonly array: ArrayShape;
  readonly compact: boolean;
}

/** Numbers as a line or a heat map, with what they are like at its side. */
export function ArrayPlot({ worker, node, array, compact }: ArrayPlotProps) {
  const [cut, setCut] = useState(() => firstCut(array));
  const [palette, setPalette] = useState(() => paletteFor(cut.part));
  const { value: stats, error } = useAnswer(
    () => worker.ask("stats", { node, part: cut.part }),
    [worker, node, cut.part],
  );
  if (error !== null) return <ErrorNote error={error} />;
  if (!stats) return <p class="quiet small plot-waits">Looking at every element…</p>;
  if (stats.finite === 0) return <Note>There is no finite number to plot.</Note>;
  return (
    <PlotFigure
      {...{ worker, node, array, compact, stats, cut, palette }}
      onCut={setCut}
      onPalette={setPalette}
    />
  );
}

interface PlotFigureProps extends ArrayPlotProps {
  readonly stats: Stats;
  readonly cut: Cut;
  readonly palette: Palette;
  readonly onCut: (cut: Cut) => void;
  readonly onPalette: (palette: Palette) => void;
}

/** Less than this, and what the numbers are like stands below the plot. */
const wideFrom = 700;
const statsWidth = 250;

function PlotFigure(props: PlotFigureProps) {
  const { worker, node, array, compact, stats, cut, palette, onCut, onPalette } = props;
  const figure = useRef<HTMLElement>(null);
  const width = useWidth(figure);
  const isWide = !compact && width >= wideFrom;
  const room = isWide ? width - statsWidth : width;
  const choosePart = (part: Part): void => {
    onCut({ ...cut, part });
    onPalette(paletteFor(part));
  };
  const label = labelOf(array, cut, stats);
  return (
    <figure ref={figure} class={`array-plot${isWide ? " is-wide" : ""}`}>
      {compact ? null : (
        <div class="plot-choices">
          {array.parts.length > 1 ? (
            <Field label="Part">
              <select
                class="input"
                value={cut.part}
                onChange={(event) => choosePart(event.currentTarget.value as Part)}
              >
                {array.parts.map((part) => (
                  <option key={part} value={part}>
                    {part}
                  </option>
                ))}
              </select>
            </Field>
          ) : null}
          {cut.y === null ? null : (
            <Field label="Colours">
              <select
                class="input"
                value={palette.id}
                onChange={(event) => {
                  const { value } = event.currentTarget;
                  onPalette(palettes.find(({ id }) => id === value) ?? palette);
                }}
              >
                {palettes.map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}
                  </option>
                ))}
              </select>
            </Field>
          )}
          <Sliders array={array} cut={cut} onCut={onCut} />
        </div>
      )}
      <div class="plot-and-stats">
        {cut.y === null ? (
          <LineView {...{ worker, node, array, cut, compact, label, room }} />
        ) : (
          <HeatWithBar {...{ worker, node, array, cut, compact, label, room, stats, palette }} />
        )}
        {compact ? null : <StatsView stats={stats} />}
      </div>
      <figcaption class="small quiet">
        {label}
        {compact
          ? ""
          : " Drag to zoom in, double click for all. After a click the wheel zooms; Shift and drag move; arrows, +, − and 0 do the same."}
      </figcaption>
    </figure>
  );
}

interface HeatWithBarProps extends ArrayPlotProps {
  readonly room: number;
  readonly cut: Cut;
  readonly label: string;
  readonly stats: Stats;
  readonly palette: Palette;
}

function HeatWithBar({ stats, palette, cut, ...props }: HeatWithBarProps) {
  const colours = useMemo(() => coloursOf(palette), [palette]);
  const { from, to } = rangeFor(palette, cut.part, stats);
  const paint = useMemo(() => ({ cut, colours, from, to }), [cut, colours, from, to]);
  return (
    <Heat {...props} paint={paint}>
      <ColourBar colours={colours} from={from} to={to} />
    </Heat>
  );
}

/** The plot in a sentence: for who cannot see it, and for all who can. */
function labelOf({ dtype, shape }: ArrayShape, { part, x, y }: Cut, stats: Stats): string {
  const what = y === null ? "Line" : "Heat map";
  const of = part === "value" ? "" : ` of the ${part}`;
  const dimensions = y === null ? `along dimension ${x}` : `of dimensions ${y} (down) and ${x}`;
  const range = `from ${numberText(stats.min)} to ${numberText(stats.max)}, mean ${numberText(stats.mean)}`;
  const along = shape.length > 1 ? ` ${dimensions}` : "";
  const nan = stats.nan > 0 ? `, ${stats.nan.toLocaleString()} NaN` : "";
  return `${what}${of}${along}: ${dtype} ${shape.join(" × ")}, ${range}${nan}.`;
}
