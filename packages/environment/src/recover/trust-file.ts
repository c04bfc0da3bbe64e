import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type GlobalId, LailaError, newUuid } from "@laila/schema";
import * as z from "zod/mini";

const sending = z.object({
  pool: z.string(),
  class_token: z.string(),
  /** A URL origin; null for where the class goes by itself. */
  destination: z.nullable(z.string()),
  /** Field (camelCase) -> name of the secret. */
  secrets: z.record(z.string(), z.string()),
});

const acceptedEnvironment = z.object({
  /** For people: what it is called, and where it was read from. */
  name: z.nullable(z.string()),
  place: z.string(),
  /** The version that was accepted last, of those saved under a name. */
  version: z.nullable(z.number()),
  time: z.string(),
  facts: z.object({
    alpha_pool: z.string(),
    proxies: z.record(z.string(), z.string()),
    /** Alpha pool or origin -> digest of its class, destination and place. Files of before have none. */
    places: z.optional(z.record(z.string(), z.string())),
    /** Pool -> whether it refuses values that are not encrypted. */
    encrypted: z.record(z.string(), z.boolean()),
    /** Pool -> the key of its encryption, and the name of its secret. Files of before have none. */
    keys: z.optional(
      z.record(z.string(), z.object({ key_id: z.string(), secret: z.nullable(z.string()) })),
    ),
    encrypted_names: z.array(z.string()),
  }),
  sent: z.array(sending),
});

const trustDocument = z.object({
  laila_trust: z.literal(1),
  environments: z.record(z.string(), acceptedEnvironment),
});

/** What was sent where, because the caller said so. */
export interface AcceptedSending {
  readonly pool: GlobalId;
  readonly class_token: string;
  readonly destination: string | null;
  readonly secrets: Readonly<Record<string, string>>;
}

/** With what a pool is encrypted; the name of the secret, never its value. */
export interface EncryptionKey {
  readonly key_id: string;
  readonly secret: string | null;
}

/** The version of an environment that was recovered last. */
export interface AcceptedEnvironment {
  readonly name: string | null;
  readonly place: string;
  readonly version: number | null;
  readonly time: string;
  readonly facts: {
    readonly alpha_pool: GlobalId;
    readonly proxies: Readonly<Record<GlobalId, GlobalId>>;
    readonly places?: Readonly<Record<GlobalId, string>> | undefined;
    readonly encrypted: Readonly<Record<GlobalId, boolean>>;
    readonly keys?: Readonly<Record<GlobalId, EncryptionKey>> | undefined;
    readonly encrypted_names: readonly string[];
  };
  readonly sent: readonly AcceptedSending[];
}

/**
 * What was accepted under this key. ACCESS_DENIED when others than its owner can write the file, for then
 * they decide what is trusted; INVALID_DOCUMENT when it is malformed.
 */
export async function readAccepted(
  file: string,
  key: string,
): Promise<AcceptedEnvironment | undefined> {
  const { environments } = await readTrust(file);
  return Object.hasOwn(environments, key) ? environments[key] : undefined;
}

/** Remembers what was accepted under a key, in place of what was before; other processes may do so too. */
export async function writeAccepted(
  file: string,
  key: string,
  accepted: AcceptedEnvironment,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await locked(file, async () => {
    const trust = await readTrust(file);
    const environments = { ...trust.environments, [key]: accepted };
    const text = `${JSON.stringify({ laila_trust: 1, environments }, null, 2)}\n`;
    const fresh = `${file}.${newUuid()}`;
    try {
      const handle = await open(fresh, "wx", 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, file);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  });
}

type Trust = { readonly environments: Readonly<Record<string, AcceptedEnvironment>> };

const othersMayWrite = 0o022;

async function readTrust(file: string): Promise<Trust> {
  const text = await readOwn(file);
  if (text === undefined) return { environments: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(file);
  }
  const parsed = trustDocument.safeParse(value);
  if (!parsed.success) throw malformed(file);
  return parsed.data as unknown as Trust;
}

/** The file's text; undefined when there is none. */
async function readOwn(file: string): Promise<string | undefined> {
  let mode: number;
  let text: string;
  try {
    ({ mode } = await stat(file));
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(file, error);
  }
  if (process.platform === "win32" || (mode & othersMayWrite) === 0) return text;
  throw new LailaError(
    "ACCESS_DENIED",
    `${file} says what is trusted, and others than its owner may write it. Look whether it was changed, then: chmod 600 ${JSON.stringify(file)}`,
    { details: { file } },
  );
}

function unreadable(file: string, cause: unknown): LailaError {
  const { code } = cause as NodeJS.ErrnoException;
  return new LailaError(
    "ACCESS_DENIED",
    `${file} could not be read, so that nobody knows what is trusted (${code}). Give it back to this user, or remove it.`,
    { cause, details: { file } },
  );
}

function malformed(file: string): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `${file} is malformed, so that it says nothing about what is trusted. Remove it; what was accepted before has to be accepted again.`,
    { details: { file } },
  );
}

const lockRetries = 100;
const lockWaitMs = 50;
/** Writing takes milliseconds: a lock of this age is a dead process's. */
const lockStaleMs = 10_000;

async function locked(file: string, act: () => Promise<void>): Promise<void> {
  const lock = `${file}.lock`;
  for (let tries = 0; !(await taken(lock)); tries++) {
    if (tries >= lockRetries) {
      throw new LailaError(
        "LOCKED",
        `${file} could not be written: ${lock} is there. If no other process is recovering an environment, remove it.`,
        { details: { file, lock } },
      );
    }
    if (!(await isStale(lock)) || !(await broken(lock))) await delay(lockWaitMs);
  }
  try {
    await act();
  } finally {
    await rm(lock, { force: true });
  }
}

async function isStale(lock: string): Promise<boolean> {
  const held = await stat(lock).catch(() => undefined);
  return held !== undefined && Date.now() - held.mtimeMs > lockStaleMs;
}

/** Removes a dead process's lock, one at a time: who looked earlier would remove the lock of who was faster. */
async function broken(lock: string): Promise<boolean> {
  const breaking = `${lock}.break`;
  if (!(await taken(breaking))) return false;
  try {
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
  return true;
}

/** Makes the lock; false when somebody else has it. */
async function taken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
