import { parseGlobalId, type Secret } from "@laila/schema";
import { argEntries, toArgs } from "../args/args.js";

/** Which field of which pool a secret was found in. */
export interface SecretPlace {
  readonly poolId: string;
  /** The stored name: `secret_access_key`. */
  readonly field: string;
}

/** What secrets are called, in any configuration: the source of a pattern. */
export const secretWords = "secret|token|passw|passphrase|passcode|pass$|pwd$|credential";

const secretWord = new RegExp(`${secretWords}|privatekey|key$`);
/** SECRET_NAME, TOKEN_URL, AWS_ACCESS_KEY_ID: what is about a secret, and may well stand in a document. */
const aboutSecret = /(id|name|user|url|uri|endpoint|host|path|file|prefix|bucket|region|type)s?$/;

/** Gives secrets the names by which documents refer to them, and remembers what it named. */
export class SecretNames {
  readonly #named = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #byValue = new Map<string, string[]>();
  readonly #sounding = new Map<string, string>();
  readonly #warn: ((message: string) => void) | undefined;

  /** `more` are further values by name, which count after those of `args`. */
  constructor(
    args: object | undefined,
    warn: ((message: string) => void) | undefined,
    more: Readonly<Record<string, string>> = {},
  ) {
    this.#warn = warn;
    const others = Object.entries(more).map(([name, value]) => ({ name, value }));
    for (const { name, value } of [...argEntries(toArgs(args)), ...others]) {
      if (typeof value !== "string" || value === "") continue;
      const names = this.#byValue.get(value);
      if (names) names.push(name);
      else this.#byValue.set(value, [name]);
      if (soundsSecret(name)) this.#sounding.set(value, name);
    }
  }

  /** What a document must not hold, with its name: every secret that was named, and args that sound like one. */
  get known(): ReadonlyMap<string, string> {
    return new Map([...this.#sounding, ...this.#named]);
  }

  /** Name -> value of every secret that was named. Never log it. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /**
   * The secret's own name (said by the user, or kept from a recovery); else the argument with that
   * value, among several the one that ends in the field's name, else the first; else a name of its own.
   */
  nameOf(secret: Secret, place: SecretPlace): string {
    const value = secret.reveal();
    const name = secret.name ?? this.#argumentWith(value, place) ?? ownName(place);
    this.#named.set(value, name);
    this.#values.set(name, value);
    return name;
  }

  #argumentWith(value: string, { poolId, field }: SecretPlace): string | undefined {
    const names = this.#byValue.get(value) ?? [];
    if (names.length < 2) return names[0];
    const ending = bare(field);
    const chosen = names.find((name) => bare(name).endsWith(ending)) ?? names[0];
    this.#warn?.(
      `Several arguments have the value of ${field} of ${poolId}: ${names.join(", ")}. It is captured as ${chosen}. Say which one is meant with secret(${JSON.stringify(chosen)}).`,
    );
    return chosen;
  }
}

export function soundsSecret(argument: string): boolean {
  const name = bare(argument.split(".").at(-1) ?? "");
  return secretWord.test(name) && !aboutSecret.test(name);
}

function ownName({ poolId, field }: SecretPlace): string {
  return `LAILA_SECRET_${parseGlobalId(poolId).uuid}_${field.toUpperCase()}`;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
