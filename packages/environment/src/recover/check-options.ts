import { checkOptions, LailaError } from "@laila/schema";
import { checkPool } from "../saved/check-pool.js";
import { selectorNames } from "../saved/version.js";
import type {
  Approval,
  DryRun,
  RecoverDocument,
  Recovering,
  RecoverOptions,
  RecoverSaved,
  TrustRule,
} from "./options.js";

/** Every option of a recovery by name. */
const recoverOptionNames: readonly (keyof (RecoverOptions &
  RecoverDocument &
  RecoverSaved &
  DryRun))[] = [
  "environment",
  "from",
  "name",
  "pool",
  ...selectorNames,
  "poolClasses",
  "args",
  "resolvers",
  "identities",
  "passphrase",
  "only",
  "trust",
  "approve",
  "trustFile",
  "verify",
  "allowPaths",
  "overrides",
  "reuse",
  "home",
  "directory",
  "namespace",
  "classes",
  "dryRun",
  "signal",
];

const approvals: readonly Approval[] = ["encryption", "proxies", "alpha_pool", "version"];

/** INVALID_ARGUMENT for what only JavaScript lets through. */
export function checkRecoverOptions(
  options: Recovering,
  call = "recoverPolicy",
  more: readonly string[] = [],
): void {
  checkOptions(call, options, [...recoverOptionNames, ...more]);
  const wrong = (what: string, example: string): LailaError =>
    new LailaError("INVALID_ARGUMENT", `${call}: ${what}, such as ${example}.`);
  const { poolClasses, trust, overrides, reuse, resolvers, approve, trustFile, passphrase } =
    options;
  if (poolClasses !== undefined && !Array.isArray(poolClasses))
    throw wrong("poolClasses must be a list of classes", "[S3Pool, HDF5Pool]");
  if (trust !== undefined && !(Array.isArray(trust) && trust.every(isRule)))
    throw wrong("trust must be a list of rules", '[{ secret: "NAME", origin: "https://host" }]');
  const lists = {
    allowPaths: ["directories", '["/srv/data"]'],
    only: ["names or ids of pools", '["s3"]'],
    identities: ["age identities", '["AGE-SECRET-KEY-1…"]'],
  } as const;
  for (const name of ["allowPaths", "only", "identities"] as const) {
    const list: unknown = options[name];
    const [what, example] = lists[name];
    if (list !== undefined && !(Array.isArray(list) && list.every(isText)))
      throw wrong(`${name} must be a list of ${what}`, example);
  }
  const known = (kind: unknown): boolean => approvals.includes(kind as Approval);
  if (approve !== undefined && !(Array.isArray(approve) && approve.every(known)))
    throw wrong(`approve must be a list of ${approvals.join(", ")}`, '["proxies"]');
  const fields = overrides === undefined ? [] : Object.values(overrides ?? { null: null });
  if (!fields.every((own) => typeof own === "object" && own !== null))
    throw wrong("overrides must hold fields by a pool's name or id", '{ s3: { prefix: "a/" } }');
  if (reuse !== undefined && reuse?.central?.memory === undefined)
    throw wrong("reuse must be a policy", "laila.policy");
  if (resolvers !== undefined && !(Array.isArray(resolvers) && resolvers.every(isResolver)))
    throw wrong("resolvers must be a list", 'variables(process.env, { allow: ["NAME"] })');
  if (trustFile !== undefined && trustFile !== null && !isText(trustFile))
    throw wrong("trustFile must be a path or null", '"/home/me/.laila/trust.json"');
  if (passphrase !== undefined && !isText(passphrase))
    throw new LailaError("INVALID_ARGUMENT", `${call}: passphrase must be text.`);
  if ("name" in options) checkPool(options.pool, call);
  else if ("from" in options && options.from !== undefined)
    checkPool(options.from, `${call}: \`from\``);
}

function isRule(rule: unknown): boolean {
  const { secret, origin } = { ...(rule as Partial<TrustRule> | undefined) };
  return isText(secret) && isText(origin);
}

function isResolver(one: unknown): boolean {
  return (
    typeof one === "object" && one !== null && "resolve" in one && typeof one.resolve === "function"
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}
