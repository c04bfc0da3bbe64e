import fc from "fast-check";
import { NdArray } from "../../src/index.js";
import { Point } from "./point.js";

/** Any JavaScript text: pairs, lone surrogates, byte-order marks, names that mean something to engines. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 8,
  }),
  fc.string({ unit: "binary", minLength: 60, maxLength: 300 }).map((long) => `\ufeff${long}`),
  fc.constantFrom(
    "",
    "__proto__",
    "constructor",
    "toJSON",
    "length",
    "0",
    "10",
    "-0",
    "then",
    "stack",
    "message",
    "\ufeff",
  ),
);

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    2 ** 53,
    -(2 ** 63),
    2 ** 64,
    2 ** 32,
  ),
);

export const primitive: fc.Arbitrary<unknown> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.constantFrom(null, undefined),
);

const bytes = fc.uint8Array({ maxLength: 40 });

/** Not every runtime has this one. */
const { Float16Array } = globalThis as { Float16Array?: typeof Float32Array };

const views = [
  ...(Float16Array ? [Float16Array] : []),
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Every typed array class, also as a view into the middle of a larger buffer. */
export const typedArray = fc
  .tuple(fc.constantFrom(...views), bytes, fc.nat({ max: 3 }))
  .map(([View, content, before]) => {
    const size = View.BYTES_PER_ELEMENT;
    const count = Math.floor(content.length / size);
    const buffer = new Uint8Array(size * (before + count) + 5);
    buffer.set(content.subarray(0, size * count), size * before);
    return new View(buffer.buffer, size * before, count);
  });

const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
const order = fc.constantFrom("C", "F");
const sized = shape.map((lengths) => ({
  lengths,
  size: lengths.reduce((product, length) => product * length, 1),
}));

export const ndArray = fc.oneof(
  fc.tuple(sized, order).map(
    ([{ lengths, size }, order]) =>
      new NdArray({
        dtype: "float32",
        shape: lengths,
        order,
        data: new Float32Array(size).map((_, i) => i / 3),
      }),
  ),
  fc.tuple(sized, order).map(
    ([{ lengths, size }, order]) =>
      new NdArray({
        dtype: "int64",
        shape: lengths,
        order,
        data: BigInt64Array.from({ length: size }, (_, i) => BigInt(-i)),
      }),
  ),
  fc.tuple(sized).map(
    ([{ lengths, size }]) =>
      new NdArray({
        dtype: "float16",
        shape: lengths,
        data: Uint16Array.from({ length: size }, (_, i) => i * 999),
      }),
  ),
  fc.tuple(sized).map(
    ([{ lengths, size }]) =>
      new NdArray({
        dtype: "bool",
        shape: lengths,
        data: Uint8Array.from({ length: size }, (_, i) => i % 2),
      }),
  ),
  fc.tuple(sized).map(
    ([{ lengths, size }]) =>
      new NdArray({
        dtype: "complex128",
        shape: lengths,
        data: Float64Array.from({ length: 2 * size }, (_, i) => i),
      }),
  ),
  fc
    .tuple(sized, fc.array(text, { minLength: 256, maxLength: 256 }))
    .map(([{ lengths, size }, texts]) => {
      const data = texts.slice(0, size).map((item) => item.replace(/\0+$/, ""));
      return new NdArray({ dtype: "str", shape: lengths, data });
    }),
);

/** Objects that hold no others. */
export const leafObject: fc.Arbitrary<object> = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc
    .tuple(
      fc.constantFrom("a+", "[^x]\\/", "(?<n>x)\\k<n>", "\\ud83d", "", "\n"),
      fc.constantFrom("", "g", "dgimsuy", "v"),
      fc.nat({ max: 5 }),
    )
    .map(([source, flags, lastIndex]) => Object.assign(new RegExp(source, flags), { lastIndex })),
  fc.webUrl().map((url) => new URL(url)),
  fc.oneof(number, text, fc.boolean(), fc.bigInt()).map((value) => Object(value) as object),
  bytes.map((content) => new Uint8Array(content).buffer),
  bytes.map((content) => new DataView(new Uint8Array(content).buffer, Math.min(1, content.length))),
  typedArray,
  ndArray,
);

const errorTypes = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
] as const;

type Part = { readonly leaf: unknown } | { readonly node: number };

interface Node {
  readonly kind:
    | "object"
    | "null"
    | "array"
    | "sparse"
    | "map"
    | "set"
    | "error"
    | "aggregate"
    | "point";
  readonly parts: readonly (readonly [string, Part])[];
}

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: primitive.map((leaf) => ({ leaf })) },
  { weight: 2, arbitrary: leafObject.map((leaf) => ({ leaf })) },
  { weight: 2, arbitrary: fc.nat({ max: 11 }).map((node) => ({ node })) },
);

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom<Node["kind"][]>(
    "object",
    "object",
    "null",
    "array",
    "sparse",
    "map",
    "set",
    "error",
    "aggregate",
    "point",
  ),
  parts: fc.array(fc.tuple(text, part), { maxLength: 6 }),
});

/**
 * Any value: up to a dozen containers whose parts are primitives, leaf objects, or one another, so that
 * trees, shared references and cycles all come up. Instances of {@link Point} only point forward.
 */
export const value: fc.Arbitrary<unknown> = fc
  .array(node, { minLength: 1, maxLength: 12 })
  .map(build);

function build(nodes: readonly Node[]): unknown {
  const shells = nodes.map(shell);
  // Instances are made of their parts, so from the last to the first.
  for (const [i, { kind, parts }] of [...nodes.entries()].reverse()) {
    if (kind === "point")
      shells[i] = new Point(
        ...(parts.map(([, p]) => ("leaf" in p ? p.leaf : undefined)).slice(0, 2) as [
          unknown,
          unknown,
        ]),
      );
  }
  for (const [i, of] of nodes.entries()) fill(shells[i] as object, of, shells);
  return shells[0];
}

function shell({ kind, parts }: Node): object {
  switch (kind) {
    case "null":
      return Object.create(null) as object;
    case "array":
      return [];
    case "sparse":
      return new Array(2 * parts.length + 1);
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "error": {
      const [[message, of]] = [parts[0] ?? ["none", { leaf: 0 }]] as const;
      const Type = errorTypes[message.length % errorTypes.length] ?? Error;
      return "leaf" in of ? new Type(message, { cause: of.leaf }) : new Type(message);
    }
    case "aggregate":
      return new AggregateError(parts.map(([message]) => new TypeError(message)));
    default:
      return {};
  }
}

function fill(target: object, { kind, parts }: Node, shells: readonly object[]): void {
  for (const [i, [key, p]] of parts.entries()) {
    const item = "leaf" in p ? p.leaf : shells[p.node % shells.length];
    if (kind === "array") (target as unknown[]).push(item);
    else if (kind === "sparse") (target as unknown[])[2 * i] = item;
    else if (kind === "map")
      (target as Map<unknown, unknown>).set(i % 2 ? item : key, i % 2 ? key : item);
    else if (kind === "set") (target as Set<unknown>).add(item);
    else if (
      kind !== "point" &&
      !(kind !== "object" && kind !== "null" && Object.hasOwn(target, key))
    ) {
      if (
        (kind === "error" || kind === "aggregate") &&
        ["stack", "message", "cause", "errors"].includes(key)
      )
        continue;
      Object.defineProperty(target, key, {
        value: item,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
}

/** Values for which JSON is exact. */
export const jsonValue = fc.jsonValue({ maxDepth: 5 }).filter((json) => !hasOdd(json));

function hasOdd(json: unknown): boolean {
  if (typeof json === "string") return /\p{Surrogate}/u.test(json);
  if (typeof json !== "object" || json === null) return Object.is(json, -0);
  return Object.entries(json).some(([key, item]) => /\p{Surrogate}/u.test(key) || hasOdd(item));
}
