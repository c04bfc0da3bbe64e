import { checkOptions, LailaError } from "@laila/schema";
import { type ChangeOptions, requireConditions } from "./change.js";
import { checkPool } from "./check-pool.js";
import { headIdOf } from "./head.js";
import { loadEnvironment } from "./load.js";
import { checkTexts, type SaveResult, Saving, saveNames, type VersionOptions } from "./save.js";
import { checkSelector, selectorNames, type VersionSelector } from "./version.js";

export interface RollbackOptions extends ChangeOptions, VersionOptions, VersionSelector {}

export interface RollbackResult extends SaveResult {
  /** The version whose document was brought back. */
  readonly rollbackOf: number;
}

/**
 * Saves the document of an older version as a new version: nothing is taken back, and a rollback can be
 * rolled back. Which one is said by `version`, `label` or `time`. Where the current version is the same
 * document, none is made (`created: false`) unless forced. The message is "Rollback to version N" unless
 * given. Two round trips to read it, and those of a save.
 *
 * NOT_FOUND when there is no such version, and the codes of `saveEnvironment` and `loadEnvironment`.
 */
export async function rollbackEnvironment(options: RollbackOptions): Promise<RollbackResult> {
  const call = "rollbackEnvironment";
  checkOptions(call, options, [...saveNames, ...selectorNames]);
  checkPool(options.pool, call);
  checkTexts(call, options);
  checkSelector(call, options);
  if (selectorNames.every((name) => options[name] === undefined))
    throw new LailaError("INVALID_ARGUMENT", `${call} needs a version, a label or a time.`);
  requireConditions(options);
  const { name, pool, namespace, signal, version, label, time } = options;
  const old = await loadEnvironment({ name, pool, namespace, signal, version, label, time });
  const rollbackOf = old.version as number;
  const message = options.message ?? `Rollback to version ${rollbackOf}`;
  const saving = new Saving(
    old.environment,
    headIdOf(name, namespace),
    { ...options, message },
    () => ({ rollback_of: rollbackOf }),
  );
  return { ...(await saving.run()), rollbackOf };
}
