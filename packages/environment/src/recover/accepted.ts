import { createHash } from "node:crypto";
import type { PoolLike } from "@laila/pool";
import {
  type EnvironmentDocument,
  fieldMark,
  fieldsOf,
  type GlobalId,
  isSecretReference,
  storedNames,
} from "@laila/schema";
import { capturePool, classOf } from "../capture/capture-pool.js";
import { SecretNames } from "../capture/secret-names.js";
import { destinationOf } from "./destination.js";
import { shown } from "./shown.js";
import { storedPlace } from "./stored-place.js";
import type { AcceptedEnvironment, AcceptedSending, EncryptionKey } from "./trust-file.js";

/** What of a document is compared with the version accepted last. */
export function factsOf({ policy }: EnvironmentDocument): AcceptedEnvironment["facts"] {
  const { alpha_pool, pool_router } = policy.central.memory;
  const encrypted: Record<GlobalId, boolean> = {};
  const keys: Record<GlobalId, EncryptionKey> = {};
  for (const [id, { layers = [] }] of Object.entries(pool_router.pools)) {
    const layer = layers.find(({ class_token }) => class_token === "Encrypt");
    // A layer that lets plain values through is no encryption to somebody who writes into the bucket.
    if (!layer) continue;
    encrypted[id as GlobalId] = layer.allow_plain !== true;
    const secret = isSecretReference(layer.key) ? layer.key.$secret : null;
    keys[id as GlobalId] = { key_id: String(layer.key_id), secret };
  }
  const names = Object.entries(pool_router.pools_nicknames).filter(([, id]) => encrypted[id]);
  const places: Record<GlobalId, string> = {};
  for (const id of [alpha_pool, ...Object.values(pool_router.proxies)]) {
    const pool = pool_router.pools[id];
    // A digest: a document that others wrote may hold a secret where none belongs.
    if (pool) places[id] = digestOf([pool.class_token, storedPlace(pool)]);
  }
  return {
    alpha_pool,
    places,
    proxies: pool_router.proxies,
    encrypted,
    keys,
    encrypted_names: names.map(([name]) => name),
  };
}

/** A difference to the version accepted last that needs approval. */
export interface Change {
  readonly kind: "encryption" | "proxies" | "alpha_pool" | "version";
  /** What is different, as text. */
  readonly text: string;
}

/** What differs from the version accepted last. */
export function changesSince(
  accepted: AcceptedEnvironment,
  environment: EnvironmentDocument,
  shownPoolId: (id: GlobalId) => string,
): Change[] {
  const { facts: before } = accepted;
  const now = factsOf(environment);
  const { pools, pools_nicknames: nicknames } = environment.policy.central.memory.pool_router;
  const changes: Change[] = [];
  // The id is the document's own word: who writes into the bucket can keep it and turn the pool elsewhere.
  const moved = (id: GlobalId): boolean =>
    before.places?.[id] !== undefined && before.places[id] !== now.places?.[id];
  const encryption = (text: string): void => void changes.push({ kind: "encryption", text });
  for (const [id, strict] of Object.entries(before.encrypted) as [GlobalId, boolean][]) {
    if (!Object.hasOwn(pools, id)) continue;
    if (now.encrypted[id] === undefined)
      encryption(`${shownPoolId(id)} was encrypted and is not any more`);
    else if (strict && !now.encrypted[id])
      encryption(`${shownPoolId(id)} takes values that are not encrypted (allow_plain)`);
    // Who may choose the name may choose a secret whose value somebody else knows.
    const [was, is] = [before.keys?.[id], now.keys?.[id]];
    if (was && is && (was.key_id !== is.key_id || was.secret !== is.secret))
      encryption(
        `${shownPoolId(id)} was encrypted with ${shownKey(was)} and is with ${shownKey(is)}`,
      );
  }
  for (const name of before.encrypted_names) {
    const id = Object.hasOwn(nicknames, name) ? nicknames[name] : undefined;
    if (id !== undefined && !now.encrypted[id] && before.encrypted[id] === undefined)
      encryption(
        `the name ${JSON.stringify(name)} meant a pool that is encrypted, and ${shownPoolId(id)} is not`,
      );
  }
  if (before.alpha_pool !== now.alpha_pool) {
    changes.push({
      kind: "alpha_pool",
      text: `the alpha pool was ${before.alpha_pool} and is ${shownPoolId(now.alpha_pool)}`,
    });
  } else if (moved(now.alpha_pool)) {
    changes.push({
      kind: "alpha_pool",
      text: `the alpha pool ${shownPoolId(now.alpha_pool)} has another class, destination or place (bucket, prefix, path)`,
    });
  }
  const caches = new Set([...Object.keys(before.proxies), ...Object.keys(now.proxies)]);
  for (const cache of caches as Set<GlobalId>) {
    const [was, is] = [before.proxies[cache], now.proxies[cache]];
    if (was === is) {
      if (is !== undefined && moved(is))
        changes.push({
          kind: "proxies",
          text: `${shownPoolId(cache)} reads through to ${shownPoolId(is)}, which has another class, destination or place (bucket, prefix, path)`,
        });
      continue;
    }
    const shownOrigin = (id: GlobalId | undefined): string =>
      id === undefined ? "no pool" : shownPoolId(id);
    changes.push({
      kind: "proxies",
      text: `${shownPoolId(cache)} read through to ${shownOrigin(was)} and now to ${shownOrigin(is)}`,
    });
  }
  return changes;
}

function shownKey({ key_id, secret }: EncryptionKey): string {
  return `the key ${shown(key_id)} (${secret === null ? "no secret" : `the secret ${shown(secret)}`})`;
}

/**
 * The name under which an environment is remembered: the place it was read from, and what it is called there;
 * for a document without a name, its policy. Undefined where nothing is worth remembering: a pool that
 * does not persist.
 */
export function acceptedKey(
  environment: EnvironmentDocument,
  from: PoolLike | undefined,
  name: string | undefined,
  namespace: string | undefined,
): { readonly key: string; readonly place: string } | undefined {
  if (from && !from.supports.persistent) return undefined;
  const called = name === undefined ? environment.policy.global_id : [name, namespace ?? null];
  const place = from ? placeOf(from) : {};
  return { key: digestOf([place, called]), place: JSON.stringify(place) };
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** Where a pool stores, and nothing that tunes it: another time-out is no other place. */
function placeOf(pool: PoolLike): Record<string, unknown> {
  const captured = capturePool(pool, new SecretNames({}, undefined), {});
  const place = { class_token: captured.class_token, ...storedPlace(captured) };
  const cls = classOf(pool);
  if (!cls) return place;
  const declared = fieldsOf(cls.configSchema);
  const fields: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const [name, stored] of storedNames(cls.configSchema)) {
    const [field, value] = [declared[name], captured[stored]];
    const mark = field && fieldMark(field)?.laila;
    if (value === undefined || mark === "secret") continue;
    fields[name] = value;
    if (mark === "path") paths[stored] = value;
  }
  return { ...place, ...paths, destination: destinationOf(cls, fields) ?? null };
}

/** True for what was accepted before, exactly: the same pool, class, destination and secrets, field by field. */
export function wasAccepted(
  accepted: AcceptedEnvironment | undefined,
  sending: AcceptedSending,
): boolean {
  return (accepted?.sent ?? []).some(
    (one) =>
      one.pool === sending.pool &&
      one.class_token === sending.class_token &&
      one.destination === sending.destination &&
      sameMembers(one.secrets, sending.secrets),
  );
}

function sameMembers(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}
