import { ErrorNote } from "../../../ui/parts.js";
import type { ValueWorker } from "../../../worker/client.js";
import type { Opened } from "../../../worker/protocol.js";
import { LoadProgress } from "./progress.js";
import { useRecord } from "./use-record.js";
import { ValueView } from "./value-view.js";
import "./value.css";

interface EntryValueProps {
  readonly poolId: string;
  /** The key of the entry; not called `key`, which Preact keeps for itself. */
  readonly entryKey: string;
  /** Only the picture: without what one can choose. */
  readonly compact?: boolean;
}

/** The value of an entry, shown for what it is. */
export function EntryValue({ poolId, entryKey, compact = false }: EntryValueProps) {
  const { worker, opened, progress, error } = useRecord(poolId, entryKey);
  if (error !== null) return <ErrorNote error={error} />;
  if (!worker || !opened) return <LoadProgress progress={progress} />;
  return <ValueView worker={worker} shape={opened.shape} compact={compact} />;
}

/** The value of a record that is open already. */
export function RecordValue({ worker, opened }: { worker: ValueWorker; opened: Opened }) {
  return <ValueView worker={worker} shape={opened.shape} compact={false} />;
}
