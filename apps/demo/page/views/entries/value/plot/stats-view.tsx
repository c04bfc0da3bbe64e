import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Stats } from "../../../../worker/protocol.js";
import { numberText } from "./number-text.js";
import { plotColours, useTheme } from "./theme.js";
import { useWidth } from "./use-width.js";

/** Least, mean, greatest, what is no number, and how the numbers are spread. */
export function StatsView({ stats }: { stats: Stats }) {
  const rows: readonly (readonly [string, string])[] = [
    ["Elements", stats.count.toLocaleString()],
    ["Min", numberText(stats.min)],
    ["Mean", numberText(stats.mean)],
    ["Max", numberText(stats.max)],
    ["Std. deviation", numberText(stats.deviation)],
    ["NaN", stats.nan.toLocaleString()],
    ["Infinite", stats.infinite.toLocaleString()],
  ];
  return (
    <div class="stats">
      <dl class="facts tabular">
        {rows.map(([name, text]) => (
          <>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </>
        ))}
      </dl>
      {stats.finite > 0 && stats.max > stats.min ? <Histogram stats={stats} /> : null}
    </div>
  );
}

function Histogram({ stats }: { stats: Stats }) {
  const host = useRef<HTMLDivElement>(null);
  const room = useWidth(host);
  const theme = useTheme();
  useEffect(() => {
    const element = host.current;
    if (!element || room === 0) return;
    const colours = plotColours(element);
    const { histogram, min, max } = stats;
    const step = max / histogram.length - min / histogram.length;
    const middles = histogram.map((_, i) => min + (i + 0.5) * step);
    const axis: uPlot.Axis = {
      stroke: colours.quiet,
      grid: { show: false },
      ticks: { stroke: colours.line, size: 4 },
      font: "11px system-ui, sans-serif",
      values: (_, splits) => splits.map((value) => numberText(value, 3)),
    };
    const plot = new uPlot(
      {
        width: room,
        height: 150,
        padding: [6, 14, 0, 14],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [min, max] },
          y: { range: (_plot, _min, most) => [0, most] },
        },
        axes: [
          { ...axis, size: 26, space: 38 },
          { ...axis, show: false },
        ],
        series: [
          {},
          {
            fill: colours.accent,
            width: 0,
            points: { show: false },
            ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.9, 100] }) } : {}),
          },
        ],
      },
      [middles, [...histogram]],
      element,
    );
    return () => plot.destroy();
  }, [stats, room, theme]);
  const most = Math.max(...stats.histogram);
  const peak = stats.histogram.indexOf(most);
  const step = (stats.max - stats.min) / stats.histogram.length;
  const at = `${numberText(stats.min + peak * step, 3)} to ${numberText(stats.min + (peak + 1) * step, 3)}`;
  return (
    <div
      ref={host}
      class="histogram"
      role="img"
      aria-label={`Histogram. Most numbers, ${most.toLocaleString()}, are from ${at}.`}
    />
  );
}
