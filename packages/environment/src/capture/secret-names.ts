import { parseGlobalId, type Secret } from "@laila/schema";
import { argEntries, toArgs } from "../args/args.js";

/** Which field of which pool a secret was found in. */
export interface SecretPlace {
  readonly poolId: string;
  /** The stored name: `secret_access_key`. */
  readonly field: string;
}

/** Gives secrets the names by which documents refer to them, and remembers what it named. */
export class SecretNames {
  readonly #named = new Map<string, string>();
  readonly #byValue = new Map<string, string[]>();
  readonly #warn: ((message: string) => void) | undefined;

  constructor(args: object | undefined, warn: ((message: string) => void) | undefined) {
    this.#warn = warn;
    for (const { name, value } of argEntries(toArgs(args))) {
      if (typeof value !== "string" || value === "") continue;
      const names = this.#byValue.get(value);
      if (names) names.push(name);
      else this.#byValue.set(value, [name]);
    }
  }

  /** Every value that was named, with its name. */
  get named(): ReadonlyMap<string, string> {
    return this.#named;
  }

  /**
   * The secret's own name (said by the user, or kept from a recovery); else the argument with that
   * value, among several the one that ends in the field's name, else the first; else a name of its own.
   */
  nameOf(secret: Secret, place: SecretPlace): string {
    const value = secret.reveal();
    const name = secret.name ?? this.#argumentWith(value, place) ?? ownName(place);
    this.#named.set(value, name);
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

function ownName({ poolId, field }: SecretPlace): string {
  return `LAILA_SECRET_${parseGlobalId(poolId).uuid}_${field.toUpperCase()}`;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
