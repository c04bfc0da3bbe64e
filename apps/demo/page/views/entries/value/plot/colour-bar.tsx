import { useEffect, useRef } from "preact/hooks";
import { numberText } from "./number-text.js";

interface ColourBarProps {
  readonly colours: Uint32Array<ArrayBuffer>;
  readonly from: number;
  readonly to: number;
}

/** Which colour is which number. */
export function ColourBar({ colours, from, to }: ColourBarProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = new Uint8ClampedArray(colours.buffer.slice(0));
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, colours.length, 1), 0, 0);
  }, [colours]);
  return (
    <div class="colour-bar small tabular">
      <span>{numberText(from, 4)}</span>
      <canvas
        ref={canvas}
        width={256}
        height={1}
        role="img"
        aria-label="The colours between them"
      />
      <span>{numberText(to, 4)}</span>
    </div>
  );
}
