import type uPlot from "uplot";

/** What a pointer, a wheel or a key asks of a plot. Positions and distances are parts of the plot's width and height. */
export interface Gestures {
  zoom(factor: number, at: { readonly x: number; readonly y: number }): void;
  move(by: { readonly x: number; readonly y: number }): void;
  reset(): void;
  /** Whether a plain drag moves, in place of choosing what to zoom to. */
  isMoving(): boolean;
}

/**
 * Moves with Shift and drag (or drag alone, if told so), zooms with the wheel once the plot has the focus
 * (or with Ctrl), and with two fingers. Gives what ends it.
 */
export function listenTo(over: HTMLElement, host: HTMLElement, gestures: Gestures): () => void {
  const pointers = new Map<number, PointerEvent>();
  const partOf = (event: MouseEvent): { x: number; y: number } => {
    const { left, top, width, height } = over.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  };
  const onDown = (event: PointerEvent): void => {
    const isTouch = event.pointerType === "touch";
    const isMove = event.shiftKey || event.button === 1 || gestures.isMoving();
    if (!isTouch && !isMove) return;
    pointers.set(event.pointerId, event);
    if (isTouch && pointers.size < 2 && !isMove) return;
    event.preventDefault();
    over.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const [from, to] = [partOf(before), partOf(event)];
    const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (!other) {
      const isMove = event.pointerType !== "touch" || gestures.isMoving();
      if (isMove) gestures.move({ x: from.x - to.x, y: from.y - to.y });
      return;
    }
    const fixed = partOf(other);
    const distance = (at: { x: number; y: number }): number =>
      Math.max(0.02, Math.hypot(at.x - fixed.x, at.y - fixed.y));
    gestures.move({ x: (from.x - to.x) / 2, y: (from.y - to.y) / 2 });
    gestures.zoom(distance(from) / distance(to), {
      x: (to.x + fixed.x) / 2,
      y: (to.y + fixed.y) / 2,
    });
  };
  const onUp = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
  };
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !host.contains(document.activeElement)) return;
    event.preventDefault();
    gestures.zoom(Math.exp(event.deltaY * 0.0015), partOf(event));
  };
  const centre = { x: 0.5, y: 0.5 };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => gestures.move({ x: -0.1, y: 0 }),
    ArrowRight: () => gestures.move({ x: 0.1, y: 0 }),
    ArrowUp: () => gestures.move({ x: 0, y: -0.1 }),
    ArrowDown: () => gestures.move({ x: 0, y: 0.1 }),
    "+": () => gestures.zoom(0.7, centre),
    "=": () => gestures.zoom(0.7, centre),
    "-": () => gestures.zoom(1 / 0.7, centre),
    "0": () => gestures.reset(),
    Escape: () => gestures.reset(),
  };
  const onKey = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const ended = new AbortController();
  const { signal } = ended;
  over.addEventListener("pointerdown", onDown, { signal });
  over.addEventListener("pointermove", onMove, { signal });
  over.addEventListener("pointerup", onUp, { signal });
  over.addEventListener("pointercancel", onUp, { signal });
  over.addEventListener("wheel", onWheel, { signal, passive: false });
  host.addEventListener("keydown", onKey, { signal });
  return () => ended.abort();
}

/** What uPlot does with the mouse: choose what to zoom to, but where a drag moves; a double click shows all. */
export function zoomByDragging({
  isMoving,
  reset,
}: Pick<Gestures, "isMoving" | "reset">): uPlot.Cursor.Bind {
  return {
    mousedown: (_plot, _target, handle) => (event) => {
      if (!event.shiftKey && !isMoving()) handle(event);
      return null;
    },
    dblclick: () => () => {
      reset();
      return null;
    },
  };
}
