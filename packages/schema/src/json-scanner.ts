import { quote } from "./text.js";

/** What speaks against a JSON text that `JSON.parse` accepts. */
export interface JsonProblem {
  /** `number`: the number read is not the number written. `spelling`: the same value, oddly written. */
  readonly kind: "duplicate" | "number" | "spelling";
  readonly why: string;
  /** The offset in the text. */
  readonly at: number;
}

const quoteSign = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * True when arrays and objects of a JSON text are nested deeper than that. Nothing is deeper than it has
 * brackets, and of those most texts have few: the bytes are only gone through when there are more.
 */
export function isDeeperThan(limit: number, text: string, bytes: Uint8Array): boolean {
  let brackets = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++brackets > limit) return jsonDepth(bytes) > limit;
    }
  }
  return false;
}

/** How deep arrays and objects are nested in a JSON text. Needs no well-formed text and never throws. */
export function jsonDepth(bytes: Uint8Array): number {
  const { length } = bytes;
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i];
    if (byte === quoteSign) {
      for (i++; i < length && bytes[i] !== quoteSign; i++) if (bytes[i] === backslash) i++;
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === closeBrace || byte === closeBracket) depth -= 1;
  }
  return deepest;
}

/**
 * Looks through a JSON text that `JSON.parse` has accepted, and tells what would be lost in reading it or
 * what only damage explains: names that occur twice, numbers with other digits than the shortest that
 * give their value, and spellings of the same value that no JSON writer makes but one flipped bit does.
 * About what `JSON.stringify` and Python's `json` write there is nothing to tell.
 */
export function* jsonProblems(text: string): Generator<JsonProblem, void> {
  /** The names in every open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let beforeName = false;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    let end = at + 1;
    if (code === quoteSign) {
      end = stringEnd(text, at);
      const token = text.slice(at, end);
      if (hasOddEscape(token)) yield { kind: "spelling", why: "a text has an odd escape", at };
      const names = beforeName ? open.at(-1) : undefined;
      if (names !== undefined) {
        const name = JSON.parse(token) as string;
        if (names.has(name))
          yield { kind: "duplicate", why: `the name ${quote(name, 40)} occurs twice`, at };
        names.add(name);
      }
    } else if (code === minus || isDigit(code)) {
      while (end < text.length && isNumberPart(text.charCodeAt(end))) end++;
      const problem = numberProblem(text.slice(at, end));
      if (problem !== undefined) yield { ...problem, at };
    } else if (code === carriageReturn && text.charCodeAt(end) !== lineFeed) {
      yield { kind: "spelling", why: "it has a stray carriage return", at };
    } else if (code === openBrace) open.push(new Set());
    else if (code === openBracket) open.push(undefined);
    else if (code === closeBrace || code === closeBracket) open.pop();
    if (code > 0x20) beforeName = code === openBrace || code === comma;
    at = end;
  }
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quoteSign) return i + 1;
    if (code === backslash) i++;
  }
  return text.length;
}

/** True for `\/` and for upper-case hexadecimal digits: JavaScript and Python write neither. */
function hasOddEscape(token: string): boolean {
  for (let i = token.indexOf("\\"); i !== -1; i = token.indexOf("\\", i + 2)) {
    const kind = token.charAt(i + 1);
    if (kind === "/" || (kind === "u" && /[A-F]/.test(token.slice(i + 2, i + 6)))) return true;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNumberPart(code: number): boolean {
  return (
    isDigit(code) ||
    code === minus ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x45 ||
    code === 0x65
  );
}

function numberProblem(token: string): Omit<JsonProblem, "at"> | undefined {
  const value = Number(token);
  if (decimal(token) !== decimal(String(value)))
    return { kind: "number", why: "a number has other digits than its value" };
  if (token.includes("E") || Object.is(value, -0))
    return { kind: "spelling", why: "a number is oddly written" };
  return undefined;
}

/** Sign, significant digits and power of ten: the same text for every spelling of the same decimal. */
function decimal(token: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token);
  if (match === null) return token;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  // By hand: a pattern for the zeros at the end would take quadratic time on a hostile number.
  let first = 0;
  let last = digits.length;
  while (digits.charCodeAt(first) === zero) first++;
  while (last > first && digits.charCodeAt(last - 1) === zero) last--;
  if (first === last) return "0";
  return `${sign}${digits.slice(first, last)}e${Number(exponent) - fraction.length + digits.length - last}`;
}
