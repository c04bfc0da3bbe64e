import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { type GlobalId, isLailaError, LailaError } from "@laila/schema";

/** What a signature is over: one document, as one version of one name. */
export interface Signed {
  readonly manifestId: GlobalId;
  readonly version: number;
  /** The document's digest (`documentDigest`), what is sealed in it included. */
  readonly digest: string;
}

/** A signature as a head keeps it with a version. */
export interface VersionSignature {
  readonly algorithm: "Ed25519";
  /** In base64. */
  readonly value: string;
}

/** Signs a version with an Ed25519 private key (PEM text or a KeyObject). INVALID_ARGUMENT. */
export function signVersion(key: string | KeyObject, signed: Signed): VersionSignature {
  let value: Buffer;
  try {
    value = sign(null, messageOf(signed), key);
  } catch {
    throw noKey("sign", "private", "node:crypto's generateKeyPairSync");
  }
  if (typeof key !== "string") checkType(key, "sign");
  else if (createPublicKey(key).asymmetricKeyType !== "ed25519")
    throw noKey("sign", "private", "node:crypto's generateKeyPairSync");
  return { algorithm: "Ed25519", value: value.toString("base64") };
}

/** UNTRUSTED unless the version is signed by the owner of the key; INVALID_ARGUMENT for what is no key. */
export function verifyVersion(
  key: string | KeyObject,
  signed: Signed | undefined,
  signature: unknown,
): void {
  const publicKey = publicKeyOf(key);
  const { algorithm, value } = { ...(signature as Partial<VersionSignature> | undefined) };
  const refuse = (why: string): LailaError =>
    new LailaError(
      "UNTRUSTED",
      `The environment is not recovered and nothing was opened: ${why}. Somebody else than the owner of the key may have written it. Have its owner save it with { sign: privateKey }, or recover a version that was.`,
      { details: { ...signed } },
    );
  if (!signed) throw refuse("only versions saved under a name are signed, and this is none");
  if (algorithm !== "Ed25519" || typeof value !== "string")
    throw refuse(`version ${signed.version} is not signed`);
  if (!verify(null, messageOf(signed), publicKey, Buffer.from(value, "base64")))
    throw refuse(
      `the signature of version ${signed.version} is not of this key, name, number and document`,
    );
}

/** Without a member that could end early: ids, numbers and digests have no line breaks. */
function messageOf({ manifestId, version, digest }: Signed): Buffer {
  return Buffer.from(`laila/environment/1\n${manifestId}\n${version}\n${digest}\n`);
}

function publicKeyOf(key: string | KeyObject): KeyObject {
  try {
    const made = typeof key === "string" ? createPublicKey(key) : key;
    checkType(made, "verify");
    return made;
  } catch (error) {
    // What is given may be a private key: nothing of it is shown.
    throw isLailaError(error) ? error : noKey("verify", "public", "openssl pkey -pubout");
  }
}

function checkType(key: KeyObject, option: string): void {
  if (key.asymmetricKeyType !== "ed25519")
    throw noKey(
      option,
      option === "sign" ? "private" : "public",
      "openssl genpkey -algorithm ed25519",
    );
}

function noKey(option: string, kind: string, tool: string): LailaError {
  return new LailaError(
    "INVALID_ARGUMENT",
    `${option} takes an Ed25519 ${kind} key, as PEM text or a KeyObject of node:crypto (${tool}).`,
  );
}
