import type { TomlError } from "smol-toml";
import { Lines } from "./lines.js";
import { type Parsed, SyntaxFault } from "./parsed.js";

/** TOML 1.1, parsed by smol-toml. {@link SyntaxFault} with line and column, never with the text there. */
export async function parseToml(text: string): Promise<Parsed> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return { tree: parse(text), lines: tomlLines(text) };
  } catch (error) {
    throw error instanceof TomlError ? faultOf(error) : error;
  }
}

/** Behind its first line, the parser's message quotes the file. */
function faultOf({ message, line, column }: TomlError): SyntaxFault {
  const reason = (message.split("\n", 1)[0] ?? "").replace(/^Invalid TOML document: /, "");
  return new SyntaxFault(line, column, reason);
}

const headerStart = /\[\[?/y;
const headerEnd = /\]\]?/y;
const blank = /[ \t]*/y;
const keyPart = /"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+)/y;
const stringStart = /"""|'''|"|'/y;

/** Where each key of a document that is known to be valid begins. */
function tomlLines(text: string): Lines {
  const lines = new Lines();
  let table: readonly string[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found;
  };
  const key = (): string[] => {
    const parts: string[] = [];
    for (;;) {
      match(blank);
      const part = match(keyPart);
      if (!part) return parts;
      parts.push(part[3] ?? part[2] ?? unescaped(part[1] ?? ""));
      match(blank);
      if (text[at] !== ".") return parts;
      at++;
    }
  };
  const string = (quote: string): void => {
    const escapes = quote.startsWith('"');
    while (at < text.length && !text.startsWith(quote, at)) {
      if (escapes && text[at] === "\\") at++;
      if (text[at] === "\n") line++;
      at++;
    }
    at += quote.length;
    // A multi-line string may end in up to two quotes of its own.
    if (quote.length === 3) while (text[at] === quote[0]) at++;
  };
  /** To the end of the line at which the value, with all its brackets, is complete. */
  const value = (): void => {
    let depth = 0;
    while (at < text.length) {
      const quote = match(stringStart);
      if (quote) {
        string(quote[0]);
        continue;
      }
      const char = text[at];
      if (char === "#") {
        while (at < text.length && text[at] !== "\n") at++;
        continue;
      }
      if (char === "\n" && depth === 0) return;
      if (char === "\n") line++;
      else if (char === "[" || char === "{") depth++;
      else if (char === "]" || char === "}") depth--;
      at++;
    }
  };

  while (at < text.length) {
    match(blank);
    if (text[at] === "\n") {
      line++;
      at++;
    } else if (match(headerStart)) {
      table = key();
      if (lines.of(table) === undefined) lines.add(table, line);
      match(headerEnd);
      value();
    } else {
      const path = key();
      if (path.length > 0) lines.add([...table, ...path], line);
      value();
    }
  }
  return lines;
}

function unescaped(quoted: string): string {
  try {
    return String(JSON.parse(`"${quoted}"`));
  } catch {
    // An escape that only TOML has: the key's line is then not known, and its table's is given.
    return quoted;
  }
}
