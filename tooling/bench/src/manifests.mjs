import { inChild } from "./children.mjs";
import { interleaved, measurement, ratio } from "./rounds.mjs";

const MiB = 2 ** 20;

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const manifests = async ({ quick, rounds }) => {
  const [few, many] = quick ? [500, 5000] : [10_000, 100_000];
  const run = async (/** @type {number | undefined} */ leaves) =>
    inChild("manifest", String(leaves));
  const samples = await interleaved(
    { few: () => run(few), many: () => run(many) },
    { rounds, warmUp: false },
  );
  const rows = Object.entries(samples).map(([name, found]) => ({
    leaves: name === "few" ? Number(few) : Number(many),
    "memorize, ms": measurement(found.memorize),
    "recall + realize, ms": measurement(found.realize),
    "both, ms": measurement(found.all),
    "memory above the payload, MiB": measurement(found.memory?.map((bytes) => bytes / MiB)),
  }));
  const times = ratio(samples.many.all, samples.few.all);
  const memory = measurement(samples.many.memory).median / MiB;
  return {
    title: "Manifests, memorized, recalled and realized, in processes of their own",
    rows,
    bars: [
      {
        what: `cost of ${many} leaves over that of ${few}`,
        value: times,
        limit: "≤ 10",
        met: times <= 10,
      },
      {
        what: `${many} leaves: MiB above the payload`,
        value: memory,
        limit: "< 300",
        met: memory < 300,
      },
    ],
  };
};
