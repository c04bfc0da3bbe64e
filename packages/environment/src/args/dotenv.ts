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

/** Where each name stands; {@link SyntaxFault} for a line that is no assignment and a quote that stays open. */
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
    if (quote === undefined) continue;
    const opened = i;
    let rest = value.slice(1);
    while (!closes(rest, quote)) {
      i++;
      const next = lines[i];
      if (next === undefined) {
        throw new SyntaxFault(
          opened + 1,
          line.length - value.length + 1,
          "a quote is opened here and never closed",
        );
      }
      rest = next;
    }
  }
  return found;
}

function closes(text: string, quote: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === quote) return true;
  }
  return false;
}
