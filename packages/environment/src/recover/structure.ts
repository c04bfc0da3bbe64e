import { AsyncTaskForce, type TaskForce } from "@laila/policy";
import {
  type EnvironmentDocument,
  type GlobalId,
  isLailaError,
  LailaError,
  storedNames,
} from "@laila/schema";
import type { CapturedConfig } from "../capture/capture-pool.js";
import type { MissingClass } from "./missing.js";
import { shown } from "./shown.js";

/**
 * Checks what the document's own rules leave open: INVALID_DOCUMENT with the path for a pool's name that is
 * none, for proxies that lead back to where they began, and for a pool that would come to be known by another one's name.
 */
export function checkStructure({ policy }: EnvironmentDocument): void {
  const { alpha_pool: alpha, pool_router: router } = policy.central.memory;
  const { pools, pools_nicknames: nicknames, proxies } = router;
  const at = "environment.policy.central.memory.pool_router";
  for (const name of Object.keys(nicknames)) checkName(name, `${at}.pools_nicknames`);
  for (const cache of Object.keys(proxies)) checkCycle(cache, proxies, `${at}.proxies.${cache}`);
  for (const [id, { nickname }] of Object.entries(pools)) {
    if (nickname !== undefined) checkName(nickname, `${at}.pools.${id}.nickname`);
    if (nickname === undefined || id === alpha || Object.values(nicknames).includes(id)) continue;
    if (Object.hasOwn(nicknames, nickname)) {
      throw invalid(
        `${at}.pools.${id}.nickname`,
        `is ${shown(nickname)}, by which another pool is known`,
      );
    }
  }
}

function checkName(name: string, path: string): void {
  if (name === "" || /\p{Surrogate}/u.test(name))
    throw invalid(path, "must be well-formed text that is not empty");
}

function checkCycle(
  start: GlobalId,
  proxies: Readonly<Record<string, GlobalId>>,
  path: string,
): void {
  const passed = new Set([start]);
  for (
    let id = proxies[start];
    id !== undefined;
    id = Object.hasOwn(proxies, id) ? proxies[id] : undefined
  ) {
    if (passed.has(id)) throw invalid(path, "leads back to where it began");
    passed.add(id);
  }
}

/** The taskforces of a document. Those of an unknown class are added to what is missing. */
export function makeTaskforces(
  { policy }: EnvironmentDocument,
  missing: MissingClass[],
): Map<GlobalId, TaskForce> {
  const made = new Map<GlobalId, TaskForce>();
  for (const [id, config] of Object.entries(policy.central.command.taskforces) as [
    GlobalId,
    CapturedConfig,
  ][]) {
    if (config.class_token !== AsyncTaskForce.classToken) {
      missing.push({
        id,
        what: `the taskforce ${id}`,
        classToken: config.class_token,
        package: config.package,
        advice: "There is no class of taskforces but AsyncTaskForce in this release",
      });
      continue;
    }
    made.set(id, makeTaskforce(id, config));
  }
  return made;
}

/** What stands in a document beside the fields that the class declares. */
const beside = new Set(["class_token", "package", "nickname"]);

function makeTaskforce(id: GlobalId, config: CapturedConfig): TaskForce {
  const path = `environment.policy.central.command.taskforces.${id}`;
  const byStored = new Map(
    [...storedNames(AsyncTaskForce.configSchema)].map(([name, stored]) => [stored, name]),
  );
  const fields = Object.entries(config).filter(([stored]) => !beside.has(stored));
  for (const [stored] of fields) {
    if (!byStored.has(stored))
      throw invalid(
        path,
        `has the field ${shown(stored)}, which AsyncTaskForce does not have in the release installed here`,
      );
  }
  const values = fields.map(([stored, value]) => [byStored.get(stored), value]);
  try {
    return new AsyncTaskForce(
      { ...Object.fromEntries(values), nickname: config.nickname },
      { globalId: id },
    );
  } catch (error) {
    throw isLailaError(error, "INVALID_CONFIG") ? malformed(path, error, byStored) : error;
  }
}

function malformed(
  path: string,
  error: LailaError,
  byStored: ReadonlyMap<string, string>,
): LailaError {
  const [field] = error.details.fields as readonly string[];
  const [stored = "max_concurrency"] = [...byStored].find(([, name]) => name === field) ?? [];
  return invalid(`${path}.${stored}`, `is refused: ${error.message}`);
}

/** No class of connections exists yet, so each one of a document is missing. */
export function missingConnections({ policy }: EnvironmentDocument): MissingClass[] {
  const connections = Object.entries(policy.central.communication.connections) as [
    GlobalId,
    CapturedConfig,
  ][];
  return connections.map(([id, config]) => ({
    id,
    what: `the connection ${id}`,
    classToken: config.class_token,
    package: config.package,
    advice: "There is no class of connections in this release",
  }));
}

function invalid(path: string, why: string): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `The environment cannot be recovered: ${path} ${why}. Correct the document, or recover another version.`,
    {
      details: { path },
    },
  );
}
