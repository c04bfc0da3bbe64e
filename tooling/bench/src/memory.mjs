import { inChild } from "./children.mjs";
import { interleaved, measurement } from "./rounds.mjs";

const MiB = 2 ** 20;
const inMiB = (/** @type {readonly number[] | undefined} */ bytes) =>
  measurement(bytes?.map((value) => value / MiB));

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const memory = async ({ quick, rounds }) => {
  const objects = quick ? "5000 objects" : "100000 objects";
  const cases = [
    `laila|${objects}`,
    `keyv|${objects}`,
    `unstorage|${objects}`,
    "laila|64 arrays of 1 MiB",
  ];
  const samples = await interleaved(
    Object.fromEntries(cases.map((one) => [one, () => inChild("forgetting", one)])),
    { rounds, warmUp: false },
  );
  const rows = [];
  const bars = [];
  for (const [name, found] of Object.entries(samples)) {
    const [store, load] = name.split("|");
    const left = inMiB(found.left);
    rows.push({
      store: String(store),
      load: String(load),
      "held, MiB": inMiB(found.held),
      "left after forgetting, MiB": left,
    });
    if (store !== "laila") continue;
    bars.push({
      what: `${load}: MiB left after forgetting everything`,
      value: left.median,
      limit: "< 1",
      met: left.median < 1,
    });
  }
  return { title: "Memory after forgetting everything, in processes of their own", rows, bars };
};
