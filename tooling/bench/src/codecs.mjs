import { deepStrictEqual } from "node:assert/strict";
import { crc32 } from "node:zlib";
import { constant, decodeRecord, encodeRecord } from "@laila/schema";
import { decode, encode } from "@msgpack/msgpack";
import { interleaved, measurement, ratio, timed } from "./rounds.mjs";
import { customer, customerWithDate, floats } from "./values.mjs";

/** @typedef {(value: any) => any} Turn */

/** @type {{ codec: string, values: (count: number) => unknown[], count: number, bare: string, to: Turn, back: Turn }[]} */
const codecs = [
  {
    codec: "json, 1 KB",
    count: 2000,
    values: (count) => Array.from({ length: count }, (_, i) => customer(i)),
    bare: "JSON.stringify, JSON.parse",
    to: (value) => JSON.stringify(value),
    back: (text) => JSON.parse(text),
  },
  {
    codec: "structured, 1 KB",
    count: 2000,
    values: (count) => Array.from({ length: count }, (_, i) => customerWithDate(i)),
    bare: "@msgpack/msgpack",
    to: (value) => encode(value),
    back: (bytes) => decode(bytes),
  },
  {
    codec: "npy, 1 MiB",
    count: 32,
    values: (count) => Array.from({ length: count }, () => floats(2 ** 20)),
    bare: "copy + crc32",
    to: (value) => checked(new Uint8Array(value.buffer.slice())),
    back: (bytes) => new Float32Array(checked(bytes).buffer),
  },
  {
    codec: "bytes, 1 MiB",
    count: 32,
    values: (count) => Array.from({ length: count }, () => new Uint8Array(floats(2 ** 20).buffer)),
    bare: "copy + crc32",
    to: (value) => checked(new Uint8Array(value)),
    back: (bytes) => checked(bytes),
  },
];

const checked = (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
  crc32(bytes);
  return bytes;
};

/**
 * Microseconds for each value, there and back.
 *
 * @param {readonly unknown[]} values
 * @param {Turn} to
 * @param {Turn} back
 */
const once = async (values, to, back) => {
  /** @type {unknown[]} */
  let there = [];
  const encoding = await timed(() => {
    there = values.map(to);
  });
  const decoding = await timed(() => {
    for (const one of there) back(one);
  });
  return { encode: (encoding * 1000) / values.length, decode: (decoding * 1000) / values.length };
};

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const codecCosts = async ({ quick, rounds }) => {
  const rows = [];
  for (const { codec, values, count, bare, to, back } of codecs) {
    const given = values(quick ? count / 8 : count);
    const entries = given.map((value) => constant(value));
    const ours = {
      to: (/** @type {(typeof entries)[number]} */ entry) => encodeRecord(entry),
      back: (/** @type {Uint8Array} */ bytes) => decodeRecord(bytes).entry.data,
    };
    deepStrictEqual(ours.back(ours.to(/** @type {any} */ (entries[0]))), given[0]);
    const samples = await interleaved(
      {
        record: () => once(entries, ours.to, ours.back),
        bare: () => once(given, to, back),
      },
      { rounds },
    );
    rows.push({
      codec,
      "encodeRecord, µs": measurement(samples.record.encode),
      "decodeRecord, µs": measurement(samples.record.decode),
      bare,
      "there, µs": measurement(samples.bare.encode),
      "back, µs": measurement(samples.bare.decode),
      "encode / bare": ratio(samples.record.encode, samples.bare.encode),
      "decode / bare": ratio(samples.record.decode, samples.bare.decode),
    });
  }
  return { title: "Codec and record against the bare library call", rows, bars: [] };
};
