/**
 * The structured payload: one MessagePack array without anything nested in it,
 * `[version, …tokens]`. In a value's place, null, booleans and well-formed strings stand for
 * themselves; every other value is a tag (one of these numbers) and its operands. Whatever has an
 * identity is numbered from 0 in the order of its tags; `ref n` is that one again.
 */
export const structuredVersion = 1;

export const tags = {
  /** n */
  ref: 0,
  /** the number; never -0 */
  number: 1,
  undefined: 2,
  negativeZero: 3,
  /** text: an optional `-` and lower-case hexadecimal digits */
  bigint: 4,
  /** bytes: UTF-16LE, for strings that UTF-8 cannot carry exactly */
  utf16: 5,
  /** count, then count times key (a string or utf16) and value; own enumerable properties */
  object: 6,
  /** as object, without a prototype */
  nullObject: 7,
  /** count, then count values */
  array: 8,
  /** length, count, then count times index and value; the rest are holes */
  sparseArray: 9,
  /** bytes: float64 little endian; an array of numbers only */
  numbers: 10,
  /** count, then count times key and value */
  map: 11,
  /** count, then count values */
  set: 12,
  /** a number: milliseconds since 1970, or NaN */
  date: 13,
  /** source (a string or utf16), flags, lastIndex (a number) */
  regexp: 14,
  /** href */
  url: 15,
  /** the name of the built-in class, a `1` or `0` for each property (enumerable or not), then as object */
  error: 16,
  /** the primitive value inside */
  boxed: 17,
  /** bytes */
  arrayBuffer: 18,
  /** bytes */
  dataView: 19,
  /** the name of the class, bytes (little endian) */
  typedArray: 20,
  /** bytes: .npy */
  ndArray: 21,
  /** `name@version`, then the value its codec made of it */
  class: 22,
} as const;

/** How many containers may lie in one another. */
export const maxStructuredDepth = 1000;

/** How many values there may be in all. */
export const maxStructuredNodes = 10_000_000;

/** The classes of errors that come back as what they were; others need to be registered. */
export const errorClasses = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
] as const;

/** Own properties of errors that say where they were made, by engine; they are not stored. */
export const errorTraces: ReadonlySet<string> = new Set([
  "stack",
  "fileName",
  "lineNumber",
  "columnNumber",
  "line",
  "column",
  "sourceURL",
]);

/**
 * Up to this length typed arrays are searched for further properties. Beyond it the search would take
 * longer than to store the array; what there is then does not come back.
 */
export const checkedTypedArrayLength = 1024;
