import { useState } from "preact/hooks";
import { Note, Tabs } from "../../../ui/parts.js";
import type { ValueWorker } from "../../../worker/client.js";
import type { Shape, View } from "../../../worker/protocol.js";
import { HexView } from "./hex.js";
import { ImageView } from "./image.js";
import { TableView } from "./table.js";
import { TextView } from "./text.js";
import { TreeView } from "./tree.js";
import { useAnswer } from "./use-answer.js";
import { useModule } from "./use-module.js";

const titles: Readonly<Record<View, string>> = {
  scalar: "Value",
  plot: "Plot",
  table: "Table",
  image: "Image",
  text: "Text",
  tree: "Tree",
  hex: "Hex",
};

interface ValueProps {
  readonly worker: ValueWorker;
  readonly shape: Shape;
  readonly compact: boolean;
}

/** A value in the view that fits it best, with the others beside it. */
export function ValueView({ worker, shape, compact }: ValueProps) {
  const [first] = shape.views;
  const [view, setView] = useState(first);
  if (first === undefined || view === undefined)
    return <Note>Empty: {shape.type}. There is no element to show.</Note>;
  return (
    <div class="value">
      {compact || shape.views.length === 1 ? null : (
        <Tabs
          label="Views of the value"
          tabs={shape.views.map((id) => ({ id, title: titles[id] }))}
          selected={view}
          onSelect={setView}
        />
      )}
      <One view={view} {...{ worker, shape, compact }} />
    </div>
  );
}

function One({ view, worker, shape, compact }: ValueProps & { view: View }) {
  switch (view) {
    case "scalar":
      return <Scalar worker={worker} shape={shape} />;
    case "plot":
      return <Plot worker={worker} shape={shape} compact={compact} />;
    case "table":
      return <TableView worker={worker} shape={shape} />;
    case "image":
      return <ImageView worker={worker} shape={shape} />;
    case "text":
      return <TextView worker={worker} shape={shape} />;
    case "tree":
      return <TreeView worker={worker} shape={shape} />;
    case "hex":
      return <HexView worker={worker} shape={shape} />;
  }
}

function Plot({ worker, shape, compact }: ValueProps) {
  const module = useModule(() => import("./plot/index.js"));
  if (!module || !shape.array) return <p class="quiet small plot-waits">Loading the plot…</p>;
  return (
    <module.ArrayPlot worker={worker} node={shape.node} array={shape.array} compact={compact} />
  );
}

function Scalar({ worker, shape }: { worker: ValueWorker; shape: Shape }) {
  const at = (shape.array?.shape ?? []).map(() => 0);
  const cut = { part: shape.array?.parts[0] ?? "value", x: 0, y: null, at } as const;
  const { value } = useAnswer(
    () => worker.ask("cells", { node: shape.node, cut, rows: [0, 1], columns: [0, 1] }),
    [worker, shape],
  );
  return (
    <p class="scalar">
      <span class="scalar-value mono">{value?.[0]?.[0] ?? ""}</span>
      <span class="quiet small">{shape.type}</span>
    </p>
  );
}
