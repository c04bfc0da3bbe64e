import { isSecretReference, LailaError } from "@laila/schema";
import { refuseSecrets } from "../capture/scan.js";
import { SecretNames, secretWords } from "../capture/secret-names.js";

export interface HiddenOptions {
  /** What `readArgs` gave: secrets that are in it are hidden wherever they stand. */
  readonly args?: object | undefined;
}

/** What stands in a comparison where a document has a literal value that may be a secret. */
const hiddenText = "(hidden)";

/** Captured documents hold secrets by name only; others may be compared, too. */
const secretName = new RegExp(
  `^key$|${secretWords}|(?:private|api|access|master|shared|account)key`,
);
/** Names of things about a secret, which are none themselves. */
const aboutSecret = /(id|name|user|url|uri|endpoint|host|path|file|prefix|type|required|ms)s?$/;

/** Hides what may be a secret in a value of a document. */
export class Hiding {
  readonly #known: ReadonlyMap<string, string>;

  constructor({ args }: HiddenOptions) {
    this.#known = args === undefined ? new Map() : new SecretNames(args, undefined).known;
  }

  /** The value of a field, with what may be a secret in it replaced by `(hidden)`. */
  show(field: string, value: unknown): unknown {
    if (isSecretReference(value)) return value;
    if (soundsSecret(field) && !isHarmless(field, value)) return hiddenText;
    if (typeof value === "string") return this.#isSecret(value) ? hiddenText : value;
    if (Array.isArray(value)) return value.map((one) => this.show("", one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [this.name(name), this.show(name, member)]),
    );
  }

  /** The name of a member, for it may be a secret, too. */
  name(name: string): string {
    return this.#isSecret(name) ? hiddenText : name;
  }

  /** INVALID_DOCUMENT with the path of what {@link show} would hide. */
  refuse(document: object): void {
    refuseSecrets(document, this.#known);
    const walk = (value: unknown, field: string, path: string): void => {
      if (isSecretReference(value)) return;
      if (soundsSecret(field) && !isHarmless(field, value)) {
        throw new LailaError(
          "INVALID_DOCUMENT",
          `${path} holds a literal where a secret belongs, so nothing is given out that would show it. Put { "$secret": NAME } there.`,
          { details: { path } },
        );
      }
      if (typeof value !== "object" || value === null) return;
      for (const [name, member] of Object.entries(value)) {
        walk(member, Array.isArray(value) ? "" : name, `${path}.${name}`);
      }
    };
    walk(document, "", "environment");
  }

  #isSecret(text: string): boolean {
    try {
      refuseSecrets({ text }, this.#known);
      return false;
    } catch {
      // It says where it is, which is all that there is to know.
      return true;
    }
  }
}

function soundsSecret(field: string): boolean {
  const bare = field.toLowerCase().replace(/[^a-z0-9]/g, "");
  return bare !== "classtoken" && secretName.test(bare) && !aboutSecret.test(bare);
}

/** A switch or a null says nothing of a secret, nor does a number of tokens or keys. */
function isHarmless(field: string, value: unknown): boolean {
  if (typeof value === "number") return !/pass|secret|credential/i.test(field);
  return typeof value === "boolean" || value === null || value === undefined || value === "";
}
