import { useState } from "preact/hooks";

/** What a button or a dialog does: one at a time, with what became of it. */
export interface Acting {
  /** Whether it is being done. */
  readonly isBusy: boolean;
  /** What went wrong last; null when nothing did. */
  readonly error: unknown;
  /** Does it, unless something is being done already; the failure is {@link Acting.error}. */
  readonly act: (doIt: () => Promise<void>) => Promise<void>;
  readonly forgetError: () => void;
}

export function useAct(): Acting {
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const act = async (doIt: () => Promise<void>): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await doIt();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, act, forgetError: () => setError(null) };
}
