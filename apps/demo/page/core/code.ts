import { signal } from "@preact/signals";

/** How to do outside of the page what was just done in it. */
export interface Snippet {
  /** What was done: "Remember an entry". */
  readonly title: string;
  readonly typescript: string;
  /** The `laila` command; null where there is none. */
  readonly command: string | null;
}

/** What the panel "The code" shows. */
export const shownSnippet = signal<Snippet | null>(null);
export const isCodeOpen = signal(false);

/** Called by every action of the page. */
export function showCode(snippet: Snippet): void {
  shownSnippet.value = snippet;
}

/** What does not show, or turns around what stands behind it: who copies code sees all of it. */
const unseen =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** A text as a TypeScript literal. */
export function literal(text: string): string {
  const escaped = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(unseen, escaped);
}

/** A text as one word of a shell. */
export function word(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  if (text.search(unseen) < 0) return `'${text.replaceAll("'", `'\\''`)}'`;
  const bytes = (unit: string): string =>
    Array.from(encoder.encode(unit), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  // As bash and zsh read it: on one line, and with no character that is not seen.
  return `$'${text.replace(/[\\']/g, "\\$&").replace(unseen, bytes)}'`;
}

const encoder = new TextEncoder();

/** `laila pool get temperature --pool bucket`. What begins with a dash is no flag: it comes last, behind `--`. */
export function command(
  name: string,
  operands: readonly string[],
  flags: Readonly<Record<string, string | true>> = {},
): string {
  const given = Object.entries(flags).map(([flag, value]) => {
    const dashes = flag.length === 1 ? "-" : "--";
    if (value === true) return `${dashes}${flag}`;
    // One letter and its value are one word then, as in `-m-x`.
    const joint = !value.startsWith("-") ? " " : flag.length === 1 ? "" : "=";
    return `${dashes}${flag}${joint}${word(value)}`;
  });
  const isDashed = operands.some((operand) => operand.startsWith("-"));
  const words = operands.map(word);
  const all = isDashed ? [...given, "--", ...words] : [...words, ...given];
  return ["laila", name, ...all].join(" ");
}
