import { signal } from "@preact/signals";

/** How to do outside of the page what was just done in it. */
export interface Snippet {
  /** What was done: "Remember an entry". */
  readonly title: string;
  readonly typescript: string;
  /** The `laila` command; null where there is none. */
  readonly command: string | null;
}

/** What the panel "The code" shows; the newest last. */
export const snippets = signal<readonly Snippet[]>([]);
export const isCodeOpen = signal(false);

/** Called by every action of the page. */
export function showCode(snippet: Snippet): void {
  const others = snippets.value.filter(({ title }) => title !== snippet.title);
  snippets.value = [...others, snippet].slice(-20);
}

/** A text as a TypeScript literal. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/** A text as one word of a shell. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
