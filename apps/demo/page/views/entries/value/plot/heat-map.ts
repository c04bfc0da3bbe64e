import uPlot from "uplot";
import { latest, type ValueWorker } from "../../../../worker/client.js";
import type { Cut, Region, TileRequest } from "../../../../worker/protocol.js";
import { listenTo, zoomByDragging } from "./gestures.js";
import { numberText } from "./number-text.js";
import type { PlotColours } from "./theme.js";
import { painted, regionOf, type Span, within, zoomed } from "./view.js";

/** What is painted: which plane, in which colours. */
export interface Paint {
  readonly cut: Cut;
  readonly colours: Uint32Array<ArrayBuffer>;
  readonly from: number;
  readonly to: number;
}

export interface HeatMapOptions {
  readonly worker: ValueWorker;
  readonly node: number;
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
  readonly colours: PlotColours;
  readonly labels: { readonly x: string; readonly y: string };
  /** Whether a plain drag moves the plane, and does not choose a part of it. */
  readonly isMoving: () => boolean;
  readonly onPoint: (at: { readonly row: number; readonly column: number } | null) => void;
  readonly onRegion: (region: Region, isAll: boolean) => void;
}

interface Tile {
  readonly bitmap: ImageBitmap;
  readonly region: Region;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** At most: the picture of the whole plane that stands behind the sharp one. */
const backdrop: Size = { width: 512, height: 512 };

/**
 * A plane of numbers in colours. uPlot has the axes, the crosshair and what is chosen by dragging; the
 * worker paints. What it painted last is drawn at once wherever the view goes, and replaced when the sharp
 * picture is there, so no frame waits for the numbers.
 */
export class HeatMap {
  readonly #options: HeatMapOptions;
  readonly #plot: uPlot;
  readonly #end: () => void;
  #x: Span;
  #y: Span;
  #paint: Paint | undefined;
  #backdrop: Tile | undefined;
  #tile: Tile | undefined;

  constructor(host: HTMLElement, options: HeatMapOptions) {
    this.#options = options;
    this.#x = { from: 0, to: options.columns };
    this.#y = { from: 0, to: options.rows };
    this.#plot = new uPlot(
      this.#plotOptions(),
      [
        [-0.5, options.columns - 0.5],
        [0, 0],
      ],
      host,
    );
    this.#end = listenTo(this.#plot.over, host, {
      zoom: (factor, at) => this.zoom(factor, at),
      move: (by) => this.#move(by),
      reset: () => this.reset(),
      isMoving: options.isMoving,
    });
  }

  paint(paint: Paint): void {
    if (this.#paint === paint) return;
    this.#paint = paint;
    const { columns, rows } = this.#options;
    const all = [
      { from: 0, to: columns },
      { from: 0, to: rows },
    ] as const;
    this.#askBackdrop(this.#request(paint, ...all, backdrop));
    this.#sharpen();
  }

  zoom(factor: number, at: { readonly x: number; readonly y: number } = { x: 0.5, y: 0.5 }): void {
    const x = this.#x.from + at.x * (this.#x.to - this.#x.from);
    const y = this.#y.from + at.y * (this.#y.to - this.#y.from);
    this.#show(zoomed(this.#x, factor, x), zoomed(this.#y, factor, y));
  }

  reset(): void {
    this.#show({ from: 0, to: this.#options.columns }, { from: 0, to: this.#options.rows });
  }

  close(): void {
    this.#end();
    this.#plot.destroy();
    this.#tile?.bitmap.close();
    this.#backdrop?.bitmap.close();
  }

  #move(by: { readonly x: number; readonly y: number }): void {
    const dx = by.x * (this.#x.to - this.#x.from);
    const dy = by.y * (this.#y.to - this.#y.from);
    this.#show(
      { from: this.#x.from + dx, to: this.#x.to + dx },
      { from: this.#y.from + dy, to: this.#y.to + dy },
    );
  }

  #show(x: Span, y: Span): void {
    const { columns, rows, onRegion } = this.#options;
    this.#x = within(x, { from: 0, to: columns }, Math.min(4, columns));
    this.#y = within(y, { from: 0, to: rows }, Math.min(4, rows));
    // An element lies around its index.
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: this.#x.from - 0.5, max: this.#x.to - 0.5 });
      this.#plot.setScale("y", { min: this.#y.from - 0.5, max: this.#y.to - 0.5 });
    });
    this.#sharpen();
    const isAll = this.#x.to - this.#x.from >= columns && this.#y.to - this.#y.from >= rows;
    onRegion(regionOf(this.#x, this.#y), isAll);
  }

  #request(paint: Paint, x: Span, y: Span, most: Size): TileRequest {
    const { node, columns, rows } = this.#options;
    const across = painted(x, columns, most.width);
    const down = painted(y, rows, most.height);
    return {
      node,
      ...paint,
      region: regionOf(across, down),
      width: across.size,
      height: down.size,
    };
  }

  #sharpen(): void {
    if (!this.#paint) return;
    const { width, height } = this.#plot.bbox;
    const most = { width: Math.round(width), height: Math.round(height) };
    this.#askTile(this.#request(this.#paint, this.#x, this.#y, most));
  }

  readonly #askTile = latest(
    (request: TileRequest) => this.#options.worker.ask("tile", request),
    (bitmap, { region }) => {
      this.#tile?.bitmap.close();
      this.#tile = { bitmap, region };
      this.#plot.redraw(false, false);
    },
  );

  readonly #askBackdrop = latest(
    (request: TileRequest) => this.#options.worker.ask("tile", request),
    (bitmap, { region }) => {
      this.#backdrop?.bitmap.close();
      this.#backdrop = { bitmap, region };
      this.#plot.redraw(false, false);
    },
  );

  #draw({ ctx, bbox }: uPlot): void {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = false;
    const xScale = bbox.width / (this.#x.to - this.#x.from);
    const yScale = bbox.height / (this.#y.to - this.#y.from);
    for (const tile of [this.#backdrop, this.#tile]) {
      if (!tile) continue;
      const { x0, x1, y0, y1 } = tile.region;
      ctx.drawImage(
        tile.bitmap,
        bbox.left + (x0 - this.#x.from) * xScale,
        bbox.top + (y0 - this.#y.from) * yScale,
        (x1 - x0) * xScale,
        (y1 - y0) * yScale,
      );
    }
    ctx.restore();
  }

  #onCursor({ cursor }: uPlot): void {
    const { left = -1, top = -1 } = cursor;
    const { columns, rows, onPoint } = this.#options;
    const column = Math.round(this.#plot.posToVal(left, "x"));
    const row = Math.round(this.#plot.posToVal(top, "y"));
    const isIn = left >= 0 && top >= 0 && column >= 0 && row >= 0 && column < columns && row < rows;
    onPoint(isIn ? { row, column } : null);
  }

  #onSelect({ select }: uPlot): void {
    const { left, top, width, height } = select;
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < 4 || height < 4) return;
    const at = (pixel: number, scale: "x" | "y"): number => this.#plot.posToVal(pixel, scale) + 0.5;
    this.#show(
      { from: at(left, "x"), to: at(left + width, "x") },
      { from: at(top, "y"), to: at(top + height, "y") },
    );
  }

  #plotOptions(): uPlot.Options {
    const { width, height, colours, labels, columns, rows, isMoving } = this.#options;
    const axis: uPlot.Axis = {
      stroke: colours.quiet,
      grid: { show: false },
      ticks: { stroke: colours.line, size: 5 },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      labelSize: 18,
      // Indices are whole.
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7],
      values: (_, splits) => splits.map((value) => numberText(value)),
    };
    const range = (_: uPlot, min: number, max: number): uPlot.Range.MinMax => [min, max];
    return {
      width,
      height,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range },
        y: { dir: -1, auto: false, range, min: -0.5, max: rows - 0.5 },
      },
      axes: [
        { ...axis, label: labels.x, size: 34, show: columns > 1 },
        { ...axis, label: labels.y, size: 52, show: rows > 1 },
      ],
      series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
      cursor: {
        points: { show: false },
        drag: { x: true, y: true, setScale: false },
        bind: zoomByDragging({ isMoving, reset: () => this.reset() }),
      },
      hooks: {
        drawClear: [(plot) => this.#draw(plot)],
        setCursor: [(plot) => this.#onCursor(plot)],
        setSelect: [(plot) => this.#onSelect(plot)],
      },
    };
  }
}
