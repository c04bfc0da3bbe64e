import { createLaila } from "@laila/core";
import { customer, customerWithDate, floats, setting } from "./values.mjs";

const utf8 = new TextEncoder();

/** A record's payload: the JSON text of the value, or what stands behind a binary record's header. */
const payloadLength = (/** @type {Uint8Array} */ record, /** @type {unknown} */ value) => {
  if (record[0] === 0x7b) return utf8.encode(JSON.stringify(value)).length;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return Number(view.getBigUint64(8, true));
};

/** @returns {Promise<import("./types.js").Section>} */
export const stored = async () => {
  const laila = createLaila();
  /** @type {[string, unknown, string | undefined][]} */
  const cases = [
    ["a number", 42, undefined],
    ["a small object", setting(1), undefined],
    ["an object of 1 KB", customer(1), undefined],
    ["the same, with a nickname", customer(1), "the_customer_with_number_1"],
    ["an object with a Date", customerWithDate(1), undefined],
    ["Uint8Array, 1 MiB", new Uint8Array(2 ** 20), undefined],
    ["Float32Array, 1 MiB", floats(2 ** 20), undefined],
    ["the same, with a nickname", floats(2 ** 20), "the_array_with_number_1"],
  ];
  const rows = [];
  for (const [name, value, nickname] of cases) {
    const { globalId } = await laila.memorize(laila.constant(value, { nickname }));
    const found = await laila.memory.alphaPool.read(globalId);
    if (!found) throw new Error(`${globalId} is not there.`);
    const payload = payloadLength(found.bytes, value);
    const bare = ArrayBuffer.isView(value) ? value.byteLength : payload;
    const bytes = found.bytes.length;
    rows.push({
      value: name,
      "stored, bytes": bytes,
      payload,
      "stored / payload": bytes / payload,
      "stored − payload": bytes - payload,
      "stored − bare elements": bytes - bare,
    });
  }
  await laila.close();
  const most = Math.max(...rows.map((row) => row["stored − payload"]));
  return {
    title: "Stored bytes (the payload of an array is its .npy file, whose header has 128 bytes)",
    rows,
    bars: [
      {
        what: "most bytes stored beyond the payload",
        value: most,
        limit: "≤ 512",
        met: most <= 512,
      },
    ],
  };
};
