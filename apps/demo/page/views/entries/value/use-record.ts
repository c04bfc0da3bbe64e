import { useEffect, useState } from "preact/hooks";
import { pathOf } from "../../../core/api.js";
import { ValueWorker } from "../../../worker/client.js";
import type { Opened, Progress } from "../../../worker/protocol.js";

export interface OpenState {
  readonly worker: ValueWorker | null;
  readonly opened: Opened | null;
  readonly progress: Progress | null;
  readonly error: unknown;
}

const nothing: OpenState = { worker: null, opened: null, progress: null, error: null };

/** An entry, fetched, checked and decoded in a worker of its own, which goes when the entry does. */
export function useRecord(poolId: string, key: string, round = 0): OpenState {
  const [state, setState] = useState(nothing);
  useEffect(() => {
    let isCurrent = true;
    const worker = new ValueWorker();
    const url = new URL(`./api/${pathOf("pools", poolId, "entries", key)}`, document.baseURI).href;
    setState(nothing);
    const onProgress = (progress: Progress): void => {
      if (isCurrent) setState({ ...nothing, progress });
    };
    worker.ask("open", { url, key }, onProgress).then(
      (opened) => isCurrent && setState({ ...nothing, worker, opened }),
      (error: unknown) => isCurrent && setState({ ...nothing, error }),
    );
    return () => {
      isCurrent = false;
      worker.close();
    };
  }, [poolId, key, round]);
  return state;
}
