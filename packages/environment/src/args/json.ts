import { Lines, positionAt } from "./lines.js";
import { type Parsed, SyntaxFault } from "./parsed.js";

/** JSON, parsed by the runtime. {@link SyntaxFault} with line and column, never with the text there. */
export function parseJsonFile(text: string): Parsed {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  // The runtime's own messages quote the text and seldom say where: the scanner finds the place.
  const scanner = new JsonScanner(source);
  scanner.document();
  return { tree: JSON.parse(source), lines: scanner.lines };
}

const whitespace = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings may not hold them.
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const maxDepth = 64;

/** Walks JSON strictly, notes the line of every member, refuses what JSON.parse would silently merge. */
class JsonScanner {
  readonly lines = new Lines();
  readonly #text: string;
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#match(whitespace);
    if (this.#text[this.#at] !== "{") throw this.#fault("an object is expected");
    this.#object([]);
    this.#match(whitespace);
    if (this.#at < this.#text.length) throw this.#fault("nothing may follow the object");
  }

  #value(path: readonly string[]): void {
    if (path.length > maxDepth) throw this.#fault(`nested deeper than ${maxDepth}`);
    const char = this.#text[this.#at];
    if (char === "{") this.#object(path);
    else if (char === "[") this.#array(path);
    else if (!this.#match(string) && !this.#match(scalar))
      throw this.#fault(
        char === '"' ? "a string is malformed or not closed" : "a value is expected",
      );
  }

  #object(path: readonly string[]): void {
    const names = new Set<string>();
    this.#items("}", "an object is not closed", () => {
      const line = this.#lineHere();
      const start = this.#at;
      const found = this.#match(string);
      if (!found) throw this.#fault("a name in double quotes is expected");
      const name = String(JSON.parse(found));
      if (names.has(name)) {
        this.#at = start;
        throw this.#fault("a name is given twice");
      }
      names.add(name);
      this.#match(whitespace);
      if (this.#text[this.#at] !== ":") throw this.#fault("a colon is expected");
      this.#at++;
      this.#match(whitespace);
      const at = [...path, name];
      this.lines.add(at, line);
      this.#value(at);
    });
  }

  #array(path: readonly string[]): void {
    let index = 0;
    this.#items("]", "a list is not closed", () => this.#value([...path, String(index++)]));
  }

  #items(close: string, unclosed: string, item: () => void): void {
    this.#at++;
    this.#match(whitespace);
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#match(whitespace);
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#fault(unclosed);
      if (char !== "," && char !== close) throw this.#fault(`a comma or ${close} is expected`);
      this.#at++;
      if (char === close) return;
      this.#match(whitespace);
    }
  }

  /** Counts on from where it was asked last, which is never behind here. */
  #lineHere(): number {
    for (; this.#counted < this.#at; this.#counted++)
      if (this.#text[this.#counted] === "\n") this.#line++;
    return this.#line;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fault(reason: string): SyntaxFault {
    const { line, column } = positionAt(this.#text, this.#at);
    return new SyntaxFault(line, column, reason);
  }
}
