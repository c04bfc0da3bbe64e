import { Lines } from "./lines.js";
import { type Parsed, SyntaxFault } from "./parsed.js";

/** A .env file, parsed by dotenv; `process.env` is neither read nor changed. */
export async function parseDotenv(text: string): Promise<Parsed> {
  const { parse } = await import("dotenv");
  // dotenv skips what it does not understand; a skipped credential is what nobody wants.
  const lines = dotenvLines(text);
  return { tree: parse(text), lines };
}

const ignored = /^\s*(?:#.*)?$/;
const assignment = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=[ \t]*|:[ \t]+)(.*)$/;

/**
 * Where each name stands; {@link SyntaxFault} for a line that is no assignment, a quote that stays open, and
 * a value without quotes that a # would cut.
 */
function dotenvLines(text: string): Lines {
  const found = new Lines();
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n?|\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (ignored.test(line)) continue;
    const match = assignment.exec(line);
    if (!match) throw new SyntaxFault(i + 1, 1, "a line of the form NAME=value is expected");
    found.add([match[1] ?? ""], i + 1);
    const value = match[2] ?? "";
    const quote = /^['"`]/.exec(value)?.[0];
    const start = line.length - value.length;
    if (quote === undefined) {
      // dotenv would cut the value there, and a secret would be another one without a word.
      const hash = /(?<!\s)#/.exec(line.slice(start - 1))?.index;
      const comment = /\s#/.exec(line.slice(start - 1))?.index ?? line.length;
      if (hash !== undefined && hash < comment) throw ambiguous(i + 1, start + hash);
      continue;
    }
    const opened = i;
    let rest = value.slice(1);
    let behind = afterQuote(rest, quote);
    while (behind === undefined) {
      i++;
      const next = lines[i];
      if (next === undefined) {
        throw new SyntaxFault(opened + 1, start + 1, "a quote is opened here and never closed");
      }
      rest = next;
      behind = afterQuote(rest, quote);
    }
    // Not in quotes as a whole, it is read as if there were none.
    if (!/^\s*(?:#|$)/.test(behind) && behind.includes("#")) {
      const closing = lines[i] ?? "";
      throw ambiguous(i + 1, closing.length - behind.length + behind.indexOf("#") + 1);
    }
  }
  return found;
}

function ambiguous(line: number, column: number): SyntaxFault {
  return new SyntaxFault(
    line,
    column,
    'a # in a value without quotes would cut it there; quote the value, NAME="…", or put a space before the # of a comment',
  );
}

/** What stands behind the closing quote; undefined when there is none. */
function afterQuote(text: string, quote: string): string | undefined {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === quote) return text.slice(i + 1);
  }
  return undefined;
}
