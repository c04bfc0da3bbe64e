/** @param {number} value */
const short = (value) => {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
};

/** @param {import("./types.js").Row[string]} cell */
const shown = (cell) => {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return short(cell);
  const { median, low, high, unit } = cell;
  return `${short(median)} (${short(low)} – ${short(high)})${unit && ` ${unit}`}`;
};

/**
 * As a Markdown table.
 *
 * @param {readonly import("./types.js").Row[]} rows
 */
export const table = (rows) => {
  const columns = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => columns.map((column) => shown(row[column] ?? "")));
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...lines.map((line) => line[i]?.length ?? 0)),
  );
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [
    line(columns),
    line(widths.map((width) => "-".repeat(width))),
    ...lines.map((cells) => line(cells)),
  ].join("\n");
};

/** @param {import("./types.js").Section} section */
export const sectionText = ({ title, rows }) => `### ${title}\n\n${table(rows)}\n`;

/** @param {readonly import("./types.js").Section[]} sections */
export const barsText = (sections) => {
  const rows = sections.flatMap(({ bars }) =>
    bars.map(({ what, value, limit, met }) => ({
      bar: what,
      limit,
      value,
      met: met ? "yes" : "NO",
    })),
  );
  return `### Bars\n\n${table(rows)}\n`;
};
