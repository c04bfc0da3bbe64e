import uPlot from "uplot";
import { latest, type ValueWorker } from "../../../../worker/client.js";
import type { Cut, Line, LineRequest } from "../../../../worker/protocol.js";
import { listenTo, zoomByDragging } from "./gestures.js";
import { numberText } from "./number-text.js";
import type { PlotColours } from "./theme.js";
import { type Span, within, zoomed } from "./view.js";

export interface LinePlotOptions {
  readonly worker: ValueWorker;
  readonly node: number;
  readonly cut: Cut;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly colours: PlotColours;
  readonly label: string;
  /** Whether a plain drag moves the line, and does not choose a part of it. */
  readonly isMoving: () => boolean;
  readonly onIndex: (index: number | null) => void;
  readonly onSpan: (span: Span, isAll: boolean, each: number) => void;
}

/** A row of numbers as a line, or as a band from the least to the greatest of each pixel. */
export class LinePlot {
  readonly #options: LinePlotOptions;
  readonly #plot: uPlot;
  readonly #end: () => void;
  #span: Span;

  constructor(host: HTMLElement, options: LinePlotOptions) {
    this.#options = options;
    this.#span = this.#all;
    this.#plot = new uPlot(this.#plotOptions(), [[], [], []], host);
    this.#end = listenTo(this.#plot.over, host, {
      zoom: (factor, { x }) => this.zoom(factor, x),
      move: ({ x }) => this.#move(x),
      reset: () => this.reset(),
      isMoving: options.isMoving,
    });
    this.#ask();
  }

  zoom(factor: number, at = 0.5): void {
    const { from, to } = this.#span;
    this.#show(zoomed(this.#span, factor, from + at * (to - from)));
  }

  reset(): void {
    this.#show(this.#all);
  }

  close(): void {
    this.#end();
    this.#plot.destroy();
  }

  get #all(): Span {
    return { from: 0, to: this.#options.length - 1 };
  }

  #move(part: number): void {
    const by = part * (this.#span.to - this.#span.from);
    this.#show({ from: this.#span.from + by, to: this.#span.to + by });
  }

  #show(span: Span): void {
    this.#span = within(span, this.#all, 4);
    const { from: min, to: max } = this.#span;
    this.#plot.setScale("x", { min, max });
    this.#ask();
  }

  #ask(): void {
    const { from, to } = this.#span;
    const { node, cut } = this.#options;
    const width = Math.round(this.#plot.bbox.width);
    // One more on each side, so that lines go on to the edge.
    this.#askLine({ node, cut, from: Math.floor(from) - 1, to: to + 2, width });
  }

  readonly #askLine = latest(
    (request: LineRequest) => this.#options.worker.ask("line", request),
    (line) => this.#take(line),
  );

  #take({ x, min, max, each }: Line): void {
    const points = (numbers: Float64Array): (number | null)[] =>
      Array.from(numbers, (value) => (Number.isNaN(value) ? null : value));
    const { from, to } = this.#span;
    this.#plot.batch(() => {
      this.#plot.setData([x, points(max), each === 1 ? [] : points(min)], false);
      this.#plot.setScale("x", { min: from, max: to });
    });
    const all = this.#all;
    this.#options.onSpan(this.#span, from <= all.from && to >= all.to, each);
  }

  #onSelect({ select }: uPlot): void {
    const { left, width } = select;
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < 4) return;
    const at = (pixel: number): number => this.#plot.posToVal(pixel, "x");
    this.#show({ from: at(left), to: at(left + width) });
  }

  #plotOptions(): uPlot.Options {
    const { width, height, colours, label, isMoving } = this.#options;
    const axis: uPlot.Axis = {
      stroke: colours.quiet,
      grid: { stroke: colours.line, width: 1 },
      ticks: { stroke: colours.line, size: 5 },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      labelSize: 18,
      values: (_, splits) => splits.map((value) => numberText(value)),
    };
    const series: uPlot.Series = { stroke: colours.accent, width: 1.25, spanGaps: false };
    return {
      width,
      height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: (_, min, max) => [min, max] } },
      axes: [
        {
          ...axis,
          label,
          size: 34,
          incrs: [
            1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6,
            2e6, 5e6, 1e7, 2e7, 5e7, 1e8,
          ],
        },
        { ...axis, size: 70 },
      ],
      series: [{}, series, { ...series, points: { show: false } }],
      bands: [{ series: [1, 2], fill: colours.accent }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: zoomByDragging({ isMoving, reset: () => this.reset() }),
      },
      hooks: {
        setCursor: [
          ({ cursor }) => {
            const left = cursor.left ?? -1;
            const index = left < 0 ? -1 : Math.round(this.#plot.posToVal(left, "x"));
            this.#options.onIndex(index >= 0 && index < this.#options.length ? index : null);
          },
        ],
        setSelect: [(plot) => this.#onSelect(plot)],
      },
    };
  }
}
