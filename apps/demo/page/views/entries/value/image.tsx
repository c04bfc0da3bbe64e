import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorNote, Note } from "../../../ui/parts.js";
import type { ValueWorker } from "../../../worker/client.js";
import type { Shape } from "../../../worker/protocol.js";
import { useAnswer } from "./use-answer.js";

/** Bytes that are a picture, or an array of pixels. */
export function ImageView({ worker, shape }: { worker: ValueWorker; shape: Shape }) {
  return shape.mime === null ? (
    <Pixels worker={worker} shape={shape} />
  ) : (
    <Picture worker={worker} shape={shape} mime={shape.mime} />
  );
}

function Picture({ worker, shape, mime }: { worker: ValueWorker; shape: Shape; mime: string }) {
  const [url, setUrl] = useState<string | null>(null);
  const [size, setSize] = useState("");
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    let made: string | undefined;
    let isCurrent = true;
    void worker.ask("image", { node: shape.node }).then((blob) => {
      if (!isCurrent) return;
      made = URL.createObjectURL(blob);
      setUrl(made);
    });
    return () => {
      isCurrent = false;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [worker, shape]);
  if (isBroken) return <Note tone="warn">These bytes begin as {mime}, but are no picture.</Note>;
  return (
    <figure class="picture">
      {url === null ? null : (
        <img
          src={url}
          alt={`The stored picture, ${size}`}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(`${naturalWidth} × ${naturalHeight} pixels`)
          }
          onError={() => setBroken(true)}
        />
      )}
      <figcaption class="small quiet">
        {mime}, {size}
      </figcaption>
    </figure>
  );
}

function Pixels({ worker, shape }: { worker: ValueWorker; shape: Shape }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { value, error } = useAnswer(
    () => worker.ask("pixels", { node: shape.node }),
    [worker, shape],
  );
  useEffect(() => {
    if (!value || !canvas.current) return;
    canvas.current.width = value.width;
    canvas.current.height = value.height;
    canvas.current.getContext("2d")?.drawImage(value, 0, 0);
    value.close();
  }, [value]);
  if (error !== null) return <ErrorNote error={error} />;
  const [height, width, channels = 1] = shape.array?.shape ?? [];
  const kind = { 1: "grey", 3: "RGB", 4: "RGBA" }[channels] ?? "";
  return (
    <figure class="picture">
      <canvas ref={canvas} role="img" aria-label={`The array as a picture, ${width} × ${height}`} />
      <figcaption class="small quiet">
        {width} × {height} pixels, {kind}
      </figcaption>
    </figure>
  );
}
