/** Rows as columns that stand below each other, the last one ragged. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows.map((row) => row.map(shownText))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all
    .map((row) =>
      row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join("  "),
    )
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Text of storage on one line: what would steer a terminal, or break the line, is a space. */
export function shownText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, " ");
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1.5 MiB. */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** 1 value, 2 values. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

const barWidth = 20;

/** A line of progress: a bar where it is known how many there are. */
export function bar(what: string, done: number, total: number | undefined, bytes?: number): string {
  const moved = bytes === undefined ? "" : `, ${size(bytes)}`;
  if (total === undefined || total === 0) return `${what}: ${done}${moved}`;
  const full = Math.round((barWidth * done) / total);
  return `${what} [${"#".repeat(full)}${".".repeat(barWidth - full)}] ${done} of ${total}${moved}`;
}
