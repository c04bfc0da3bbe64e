import { LailaError } from "@laila/schema";

/** What opens sealed values. */
export interface Unlock {
  /** age identities: `AGE-SECRET-KEY-1…`, or the text of an identity file with one on each line. */
  readonly identities?: readonly string[] | undefined;
  readonly passphrase?: string | undefined;
}

/** For whom values are sealed: recipients, or whoever knows a passphrase, as age has it not both. */
export interface Lock {
  /** age recipients: `age1…`. */
  readonly recipients?: readonly string[] | undefined;
  readonly passphrase?: string | undefined;
  /** scrypt's cost for a passphrase as a power of two; 18 (about a second) unless given. */
  readonly workFactor?: number | undefined;
}

type Age = typeof import("age-encryption");

/** Loaded only by those who seal or open. */
const load = (): Promise<Age> => import("age-encryption");

/** What the library opens at most: age(1) would take up to 22, but nobody could recover with it here. */
const maxWorkFactor = 20;

/** Encrypts text to an armored age file. INVALID_ARGUMENT for recipients and passphrases that are none. */
export async function lock(text: string, given: Lock): Promise<string> {
  const { recipients = [], passphrase, workFactor } = given;
  if (recipients.length > 0 === (passphrase !== undefined)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      'Sealing takes recipients, such as ["age1…"], or a passphrase, and not both.',
    );
  }
  const { Encrypter, armor } = await load();
  const encrypter = new Encrypter();
  if (passphrase !== undefined) {
    if (typeof passphrase !== "string" || passphrase === "")
      throw new LailaError("INVALID_ARGUMENT", "The passphrase to seal with is empty.");
    encrypter.setPassphrase(passphrase);
    if (workFactor !== undefined) {
      if (!Number.isInteger(workFactor) || workFactor < 1 || workFactor > maxWorkFactor)
        throw new LailaError("INVALID_ARGUMENT", `workFactor must be from 1 to ${maxWorkFactor}.`);
      encrypter.setScryptWorkFactor(workFactor);
    }
  }
  for (const [i, recipient] of recipients.entries()) {
    // Without a cause: the library quotes what it was given, and that may be the secret key by mistake.
    if (!attempt(() => encrypter.addRecipient(recipient))) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `recipients[${i}] is no recipient of age, which begins with "age1" (age-keygen -y KEY_FILE prints it).`,
      );
    }
  }
  return armor.encode(await encrypter.encrypt(text)).trimEnd();
}

/**
 * Decrypts an armored age file. INVALID_ARGUMENT for identities that are none, ACCESS_DENIED when none of
 * them opens it, CORRUPT when it is no such file or was changed.
 */
export async function unlock(sealed: string, given: Unlock): Promise<string> {
  const { Decrypter, armor } = await load();
  const decrypter = new Decrypter();
  const identities = identitiesOf(given.identities ?? []);
  for (const [i, identity] of identities.entries()) {
    if (!attempt(() => decrypter.addIdentity(identity))) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `identities[${i}] is no identity of age, which begins with "AGE-SECRET-KEY-1" (age-keygen makes one). It is not shown, for it may be secret.`,
      );
    }
  }
  if (given.passphrase !== undefined) decrypter.addPassphrase(given.passphrase);
  const opened = await decrypted(decrypter, () => armor.decode(sealed));
  if (typeof opened === "string") return opened;
  throw opened.noneMatched ? notForUs() : damaged();
}

/** The text, or why there is none. The library's own errors may quote identities. */
async function decrypted(
  decrypter: InstanceType<Age["Decrypter"]>,
  bytes: () => Uint8Array,
): Promise<string | { readonly noneMatched: boolean }> {
  try {
    return await decrypter.decrypt(bytes(), "text");
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    return { noneMatched: reason.startsWith("no identity matched") };
  }
}

/** A new identity, to be kept, and its recipient, to be given away. The same as age-keygen makes. */
export async function newIdentity(): Promise<{
  readonly identity: string;
  readonly recipient: string;
}> {
  const { generateX25519Identity, identityToRecipient } = await load();
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Single identities; comments and empty lines of identity files left out. */
function identitiesOf(given: readonly string[]): string[] {
  return given
    .flatMap((text) => String(text).split(/\r?\n/))
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function damaged(): LailaError {
  return new LailaError(
    "CORRUPT",
    "The sealed values cannot be opened: they are no age file, or were changed. Recover another version, or seal them again.",
  );
}

function notForUs(): LailaError {
  return new LailaError(
    "ACCESS_DENIED",
    "None of the identities (nor the passphrase) opens the sealed values. Give the identity of one of those they were sealed for, or have them sealed again for yours.",
  );
}
