import { abilities } from "./abilities.js";
import { aborts } from "./aborts.js";
import { capture } from "./capture.js";
import { concurrency } from "./concurrency.js";
import { conditions } from "./conditions.js";
import { durability } from "./durability.js";
import { histories } from "./histories.js";
import { keys } from "./keys.js";
import { lazyValues } from "./lazy-values.js";
import { lifecycle } from "./lifecycle.js";
import { listing } from "./listing.js";
import { lostReplies } from "./lost-replies.js";
import { many } from "./many.js";
import { model } from "./model.js";
import { roundTrips } from "./round-trips.js";
import { signals } from "./signals.js";
import { type DescribePoolOptions, type Runner, Suite } from "./suite.js";
import { tornValues } from "./torn-values.js";
import { unreachable } from "./unreachable.js";

export { type PoolMaker, runDurabilityChild } from "./durability-child.js";
export type { ChildOption } from "./killable.js";
export type { DescribePoolOptions, PoolUnderTest, Runner } from "./suite.js";

/** In the order they run; secrets are looked for at the end, in every error that came up before. */
const floors = [
  roundTrips,
  lazyValues,
  keys,
  listing,
  many,
  conditions,
  concurrency,
  tornValues,
  signals,
  aborts,
  lostReplies,
  unreachable,
  lifecycle,
  abilities,
  durability,
  model,
  histories,
  capture,
];

/**
 * Declares the conformance tests of a pool: every promise of the pool contract, as far as
 * `options.supports` says that it is made. Works with any test runner that has `describe` and `it`.
 * The property tests need the package fast-check.
 */
export function describePool(name: string, options: DescribePoolOptions, runner: Runner): void {
  runner.describe(name, () => {
    const suite = new Suite(options, runner);
    for (const floor of floors) floor(suite);
    suite.finish();
  });
}
