import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** How wide an element is; 0 until it is known. */
export function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const found = element.current;
    if (!found) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      // A plot is made anew for another width: once, when it is the last one.
      timer = setTimeout(() => setWidth(Math.floor(found.clientWidth)), width === 0 ? 0 : 120);
    });
    setWidth(Math.floor(found.clientWidth));
    observer.observe(found);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, []);
  return width;
}
