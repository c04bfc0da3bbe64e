import { bytesText } from "../../../core/format.js";
import type { Progress } from "../../../worker/protocol.js";

/** How far a record has come. */
export function LoadProgress({ progress }: { progress: Progress | null }) {
  const { loaded = 0, total = null } = progress ?? {};
  const isAll = total !== null && loaded >= total;
  return (
    <div class="load-progress" role="status">
      <progress
        aria-label="Loading the record"
        {...(total === null ? {} : { value: loaded, max: Math.max(1, total) })}
      />
      <p class="small quiet tabular">
        {isAll ? "Checking and decoding…" : "Loading…"} {loaded > 0 ? bytesText(loaded) : ""}
        {total === null ? "" : ` of ${bytesText(total)}`}
      </p>
    </div>
  );
}
