import { S3Error } from "./errors.js";

/** What an element may hold: text, child elements (an array repeats the element), or nothing. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [name: string]: XmlContent };

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A whole document with one root element in the namespace of S3. */
export const document = (root: string, content: XmlContent, xmlns = true): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${xmlns ? ` xmlns="${namespace}"` : ""}>${inner(content)}</${root}>`;

function inner(content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return escapeText(String(content));
  return Object.entries(content)
    .map(([name, value]) => element(name, value))
    .join("");
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((item) => element(name, item)).join("");
  return `<${name}>${inner(content)}</${name}>`;
}

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

// Control characters leave as numeric references, as S3 itself sends them; a reader would
// otherwise turn a carriage return into a newline.
const escapeText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  text.replace(/[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g, (c) => {
    return named[c] ?? `&#x${c.charCodeAt(0).toString(16)};`;
  });

/** An element of a request's document. Attributes are not kept: no request of S3 needs one. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export const child = (parent: XmlElement, name: string): XmlElement | undefined =>
  parent.children.find((c) => c.name === name);

export const childText = (parent: XmlElement, name: string): string | undefined =>
  child(parent, name)?.text;

interface Open {
  name: string;
  text: string;
  children: XmlElement[];
}

const maxDepth = 16;
const token =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s<>/!?]{1,64})(?=[\s/>])([^<>]*?)(\/?)>|([^<]+)/y;

/** Reads a request's document; S3Error `MalformedXML` for whatever is not one. */
export function parseXml(source: string): XmlElement {
  const root: Open = { name: "", text: "", children: [] };
  const stack: Open[] = [root];
  token.lastIndex = 0;
  let at = source.startsWith("\ufeff") ? 1 : 0;
  while (at < source.length) {
    token.lastIndex = at;
    const match = token.exec(source);
    if (match === null) throw malformed();
    at = token.lastIndex;
    const [, cdata, closing, name, , selfClosing, text] = match;
    const top = stack.at(-1) ?? root;
    if (cdata !== undefined) top.text += cdata;
    else if (text !== undefined) top.text += unescapeText(text);
    else if (name !== undefined && closing === "/") {
      if (stack.length === 1 || top.name !== localName(name)) throw malformed();
      stack.pop();
    } else if (name !== undefined) {
      const opened: Open = { name: localName(name), text: "", children: [] };
      top.children.push(opened);
      if (selfClosing !== "/") stack.push(opened);
      if (stack.length > maxDepth) throw malformed();
    }
  }
  const [document] = root.children;
  if (stack.length !== 1 || document === undefined || root.children.length !== 1) throw malformed();
  if (root.text.trim() !== "") throw malformed();
  return document;
}

export const malformed = (): S3Error =>
  new S3Error(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema.",
  );

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const unescapeText = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-fA-F]{1,6});|#([0-9]{1,7});|(\w{1,8});)?/g,
    (_, hex, decimal, name) => {
      if (hex === undefined && decimal === undefined) {
        const found = entities[name];
        if (found === undefined) throw malformed();
        return found;
      }
      const point = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw malformed();
      return String.fromCodePoint(point);
    },
  );
