import { useEffect, useState } from "preact/hooks";

interface Answer<T> {
  readonly value: T | null;
  readonly error: unknown;
}

/** What a worker answers; asked again when one of the inputs is another. The last answer stays until then. */
export function useAnswer<T>(ask: () => Promise<T>, inputs: readonly unknown[]): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, error: null });
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (value) => isCurrent && setAnswer({ value, error: null }),
      (error: unknown) => isCurrent && setAnswer({ value: null, error }),
    );
    return () => {
      isCurrent = false;
    };
  }, inputs);
  return answer;
}
