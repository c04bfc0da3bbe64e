import { quote } from "../text.js";

/** What speaks against a JSON text that `JSON.parse` accepts. */
export interface JsonProblem {
  /** `number`: its value is not exactly what it says. `spelling`: the same value, oddly written. */
  readonly kind: "duplicate" | "number" | "spelling";
  readonly why: string;
  /** The offset in the text. */
  readonly at: number;
}

/** How deep arrays and objects are nested in a JSON text. Needs no well-formed text and never throws. */
export function jsonDepth(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === 0x22) {
      for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}

const lexeme = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]|true|false|null|[ \t\r\n]+/y;

/**
 * Looks through a JSON text that `JSON.parse` has accepted, but that is not written the way
 * `JSON.stringify` writes it. Refuses what would be lost or what only damage explains: duplicate keys,
 * numbers with other digits than the shortest that give their value, and spellings of the same value
 * that no JSON writer makes and one flipped bit does. What Python's `json` writes passes.
 */
export function checkJsonText(text: string): JsonProblem | undefined {
  /** The names in every open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let previous = "";
  lexeme.lastIndex = 0;
  while (lexeme.lastIndex < text.length) {
    const at = lexeme.lastIndex;
    const token = lexeme.exec(text)?.[0];
    if (token === undefined) return { kind: "spelling", why: "it is no well-formed JSON", at };
    const first = token.charCodeAt(0);
    if (first <= 0x20) {
      if (/\r(?!\n)/.test(token))
        return { kind: "spelling", why: "it has a stray carriage return", at };
      continue;
    }
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (first === 0x22) {
      if (/\\u[\dA-Fa-f]{0,3}[A-F]|\\\//.test(token.replaceAll("\\\\", "")))
        return { kind: "spelling", why: "a text has an odd escape", at };
      const names = open.at(-1);
      if (names !== undefined && (previous === "{" || previous === ",")) {
        const name = JSON.parse(token) as string;
        if (names.has(name))
          return { kind: "duplicate", why: `the member ${quote(name, 40)} occurs twice`, at };
        names.add(name);
      }
    } else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
      const problem = numberProblem(token);
      if (problem !== undefined) return { ...problem, at };
    }
    previous = token;
  }
  return undefined;
}

function numberProblem(token: string): Omit<JsonProblem, "at"> | undefined {
  const value = Number(token);
  if (significand(token) !== significand(String(value)))
    return { kind: "number", why: "a number has other digits than its value" };
  if (token.includes("E") || Object.is(value, -0))
    return { kind: "spelling", why: "a number is oddly written" };
  return undefined;
}

/** Sign, significant digits and power of ten of a decimal number: equal for every spelling of one decimal. */
function significand(token: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token);
  if (match === null) return token;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
