// biome-ignore-all lint/a11y/useSemanticElements: a table's elements want all the rows to be there.
// biome-ignore-all lint/a11y/useFocusableInteractive: the table is scrolled as a whole.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Browsers cannot make elements of any height: above this, the bar of the scroller stands for more. */
const maxHeight = 8_000_000;

interface ScrollWindowProps {
  readonly label: string;
  readonly rows: number;
  readonly rowHeight: number;
  readonly class?: string;
  readonly columns?: number;
  /** Draws the rows from `first`, so many of them. */
  readonly children: (first: number, length: number) => ComponentChildren;
}

/** A table of any number of rows of the same height, of which only those that can be seen are drawn. */
export function ScrollWindow(props: ScrollWindowProps) {
  const { label, rows, rowHeight, columns, children, class: more = "" } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [visible, setVisible] = useState(20);
  const ownScroll = useRef<number | null>(null);
  const height = Math.min(maxHeight, rows * rowHeight);
  const lastFirst = Math.max(0, rows - visible + 1);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setVisible(Math.ceil(element.clientHeight / rowHeight) + 1),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [rowHeight]);

  const isScaled = rows * rowHeight > maxHeight;
  const offsetOf = (row: number): number => {
    const room = height - (scroller.current?.clientHeight ?? 0);
    return isScaled ? (row / Math.max(1, lastFirst)) * room : row * rowHeight;
  };
  const onScroll = (): void => {
    const top = scroller.current?.scrollTop ?? 0;
    // Not what was set below, which is not exact where rows share a pixel.
    if (ownScroll.current !== null && Math.abs(top - ownScroll.current) < 1) return;
    ownScroll.current = null;
    const room = Math.max(1, height - (scroller.current?.clientHeight ?? 0));
    setFirst(Math.floor(isScaled ? (top / room) * lastFirst : top / rowHeight));
  };
  const moveTo = (row: number): void => {
    const next = Math.max(0, Math.min(lastFirst, Math.round(row)));
    ownScroll.current = offsetOf(next);
    setFirst(next);
    scroller.current?.scrollTo({ top: ownScroll.current });
    ownScroll.current = scroller.current?.scrollTop ?? null;
  };
  const page = Math.max(1, visible - 2);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  return (
    <div
      ref={scroller}
      class={`scroll-window ${more}`}
      role="table"
      aria-label={label}
      aria-rowcount={rows}
      aria-colcount={columns}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with keys.
      tabIndex={0}
      style={{ maxHeight: `${rows * rowHeight + 4}px` }}
      onScroll={onScroll}
      onWheel={(event) => {
        if (!isScaled || event.deltaY === 0) return;
        event.preventDefault();
        moveTo(first + Math.sign(event.deltaY) * Math.max(1, Math.abs(event.deltaY) / rowHeight));
      }}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        moveTo(first + step);
      }}
    >
      <div role="presentation" class="scroll-sheet" style={{ height }}>
        <div
          role="rowgroup"
          class="scroll-rows"
          style={{ transform: `translateY(${offsetOf(first)}px)` }}
        >
          {children(first, Math.min(visible, rows - first))}
        </div>
      </div>
    </div>
  );
}
