import { deepStrictEqual } from "node:assert/strict";
import { crc32 } from "node:zlib";
import { interleaved, measurement, ratio, timed } from "./rounds.mjs";
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

/**
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
    const one = floats(bytes);
    const values = Array.from({ length: count }, () => one);
    const samples = await interleaved(
      {
        laila: () => throughStore(stores.laila, values),
        "copy + crc32": () => copyAndChecksum(values),
        "Map + structuredClone": () => throughStore(stores["Map + structuredClone"], values),
      },
      { rounds },
    );
    const what = `${count} × ${bytes / MiB} MiB`;
    const floor = samples["copy + crc32"];
    for (const [name, found] of Object.entries(samples)) {
      const relative = {
        memorize: ratio(found.memorize, floor.memorize),
        remember: ratio(found.remember, floor.remember),
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
  return { title: "Arrays", rows, bars };
};
