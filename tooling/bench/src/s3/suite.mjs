import { large } from "./large.mjs";
import { objects } from "./objects.mjs";
import { otherServer, ownServer } from "./targets.mjs";

/** Of added round trip, in milliseconds. */
const latencies = [0, 30];

/**
 * The same near and far, on the server of this repository or, with an endpoint, on that one.
 *
 * @param {(target: import("./types.js").Target, latency: number, size: import("../types.js").Size) =>
 *   Promise<import("../types.js").Section>} measure
 * @returns {import("../types.js").Suite[string]}
 */
const nearAndFar = (measure) => async (size) => {
  const target = size.endpoint === undefined ? await ownServer() : await otherServer(size.endpoint);
  try {
    const found = [];
    for (const latency of latencies) found.push(await measure(target, latency, size));
    return found;
  } finally {
    await target.close();
  }
};

/** @type {import("../types.js").Suite} */
export const sections = {
  small: nearAndFar((target, latency, size) => objects(target, "1,000 × 1 KiB", latency, size)),
  medium: nearAndFar((target, latency, size) => objects(target, "64 × 1 MiB", latency, size)),
  large: nearAndFar(large),
};
