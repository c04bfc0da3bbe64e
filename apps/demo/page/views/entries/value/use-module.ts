import { useEffect, useState } from "preact/hooks";

/** A part of the page that is loaded when it is first needed. */
export function useModule<T>(load: () => Promise<T>): T | null {
  const [module, setModule] = useState<{ readonly loaded: T } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void load().then((loaded) => isCurrent && setModule({ loaded }));
    return () => {
      isCurrent = false;
    };
  }, []);
  return module?.loaded ?? null;
}
