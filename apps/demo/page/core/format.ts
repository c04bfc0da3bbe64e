const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1.5 MiB`. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "";
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `0.4 ms`, `12 ms`, `1.3 s`. */
export function durationText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** `3 Nov 2026, 14:05:09`, in the reader's zone. */
export function timeText(time: string | number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** `1 pool`, `3 pools`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

/** The part of a global id that tells it from others: its uuid, and the evolution. */
export function shortId(globalId: string): string {
  const [, uuid = globalId] = /:GLOBAL_ID:(.*)$/.exec(globalId) ?? [];
  return uuid.replace(/^(\w{8})-\w{4}-\w{4}-\w{4}-\w{12}/, "$1");
}
