import type { ArrayShape, Cut } from "../../../worker/protocol.js";

interface SlidersProps {
  readonly array: ArrayShape;
  readonly cut: Cut;
  readonly onCut: (cut: Cut) => void;
}

/** Where an array of many dimensions is cut: a slider for each that is not shown. */
export function Sliders({ array, cut, onCut }: SlidersProps) {
  const others = array.shape
    .map((length, i) => ({ length, i }))
    .filter(({ length, i }) => length > 1 && i !== cut.x && i !== cut.y);
  if (others.length === 0) return null;
  return (
    <div class="sliders">
      {others.map(({ length, i }) => (
        <label key={i} class="slider">
          <span class="small quiet">Dimension {i}</span>
          <input
            type="range"
            min={0}
            max={length - 1}
            value={cut.at[i] ?? 0}
            onInput={(event) =>
              onCut({ ...cut, at: cut.at.with(i, Number(event.currentTarget.value)) })
            }
          />
          <output class="small tabular">
            {cut.at[i] ?? 0} of 0–{length - 1}
          </output>
        </label>
      ))}
    </div>
  );
}
