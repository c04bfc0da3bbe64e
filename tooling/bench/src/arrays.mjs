import { deepStrictEqual } from "node:assert/strict";
import { crc32 } from "node:zlib";
import { inChild } from "./children.mjs";
import { collectGarbage, interleaved, measurement, ratio, timed } from "./rounds.mjs";
import { stores } from "./stores.mjs";
import { floats } from "./values.mjs";

const MiB = 2 ** 20;

/**
 * Bandwidth in MiB/s of writing and of reading.
 *
 * @param {import("./types.js").Store} open
 * @param {readonly Float32Array[]} arrays
 */
const throughStore = async (open, arrays) => {
  const verbs = open()["one by one"];
  /** @type {string[]} */
  let keys = [];
  /** @type {unknown[]} */
  let read = [];
  const memorize = await timed(async () => {
    keys = await verbs.write(arrays);
  });
  const remember = await timed(async () => {
    read = await verbs.read(keys);
  });
  deepStrictEqual(
    /** @type {Float32Array} */ (read[0]).subarray(0, 99),
    arrays[0]?.subarray(0, 99),
  );
  return bandwidths(arrays, memorize, remember);
};

/** The least that keeping an array and knowing it for whole can be: a copy and its checksum. */
const copyAndChecksum = async (/** @type {readonly Float32Array[]} */ arrays) => {
  /** @type {Uint8Array[]} */
  const kept = [];
  const copy = (/** @type {Uint8Array} */ bytes) => {
    const own = new Uint8Array(bytes);
    crc32(own);
    return own;
  };
  const memorize = await timed(() => {
    for (const { buffer, byteOffset, byteLength } of arrays)
      kept.push(copy(new Uint8Array(buffer, byteOffset, byteLength)));
  });
  /** @type {Uint8Array[]} */
  const read = [];
  const remember = await timed(() => {
    for (const bytes of kept) read.push(copy(bytes));
  });
  return bandwidths(arrays, memorize, remember);
};

const bandwidths = (
  /** @type {readonly Float32Array[]} */ arrays,
  /** @type {number} */ memorize,
  /** @type {number} */ remember,
) => {
  const total = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0) / MiB;
  return { memorize: (total * 1000) / memorize, remember: (total * 1000) / remember };
};

/** @type {Readonly<Record<string, (arrays: readonly Float32Array[]) => Promise<Record<string, number>>>>} */
const ways = {
  laila: (arrays) => throughStore(stores.laila, arrays),
  "laila, as records": (arrays) => throughStore(stores["laila, as records"], arrays),
  "copy + crc32": copyAndChecksum,
  "Map + structuredClone": (arrays) => throughStore(stores["Map + structuredClone"], arrays),
};

/**
 * One way, in this process: the second time, when what the first time took has been given back. `argument`:
 * the way, how many arrays, and their bytes.
 *
 * @param {string} argument
 */
export const oneWay = async (argument) => {
  const [name = "", count = "", bytes = ""] = argument.split("|");
  const way = ways[name];
  if (!way) throw new Error(`There is no way ${name}.`);
  const one = floats(Number(bytes));
  const values = Array.from({ length: Number(count) }, () => one);
  await way(values);
  collectGarbage();
  return way(values);
};

/**
 * Each in a process of its own: where the one's memory is given back, the next takes it over or not, as their
 * lengths happen to fit, and new memory costs more than a copy and a checksum together.
 * keyv and unstorage are not here: through their JSON a typed array does not come back as one.
 *
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const arrays = async ({ quick, rounds }) => {
  const rows = [];
  const bars = [];
  const cases = quick
    ? [{ count: 4, bytes: MiB }]
    : [
        { count: 64, bytes: MiB },
        { count: 1, bytes: 256 * MiB },
      ];
  for (const { count, bytes } of cases) {
    const samples = await interleaved(
      Object.fromEntries(
        Object.keys(ways).map((name) => [
          name,
          () => inChild("oneWay", `${name}|${count}|${bytes}`),
        ]),
      ),
      { rounds, warmUp: false },
    );
    const what = `${count} × ${bytes / MiB} MiB`;
    const floor = samples["copy + crc32"];
    for (const [name, found] of Object.entries(samples)) {
      const relative = {
        memorize: ratio(found.memorize, floor?.memorize),
        remember: ratio(found.remember, floor?.remember),
      };
      rows.push({
        Float32Array: what,
        how: name,
        "memorize, MiB/s": measurement(found.memorize),
        "of copy + crc32": relative.memorize,
        "remember, MiB/s": measurement(found.remember),
        "of copy + crc32 ": relative.remember,
      });
      if (name !== "laila") continue;
      for (const [verb, value] of Object.entries(relative)) {
        bars.push({
          what: `${what}, ${verb}: bandwidth over that of copy + crc32`,
          value,
          limit: "≥ 0.8",
          met: value >= 0.8,
        });
      }
    }
  }
  return { title: "Arrays, in processes of their own", rows, bars };
};
