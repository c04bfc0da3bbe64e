import { LailaError, type VersionSelector } from "@laila/core";
import type { Context } from "../spec.js";

/** What `NAME`, `NAME@3`, `NAME@label` and `@live` mean. */
export interface Which extends VersionSelector {
  /** Undefined for the project's own name. */
  readonly name: string | undefined;
  /** The set-up as it is now, not a saved one. */
  readonly live: boolean;
  readonly shown: string;
}

export function whichOf(operand: string | undefined): Which {
  if (operand === undefined) return { name: undefined, live: false, shown: "the saved one" };
  if (operand === "@live") return { name: undefined, live: true, shown: "the project now" };
  const at = operand.lastIndexOf("@");
  const name = at < 0 ? operand : operand.slice(0, at);
  const tail = at < 0 ? undefined : operand.slice(at + 1);
  const which = { name: name === "" ? undefined : name, live: false, shown: operand };
  if (tail === undefined || tail === "current") return which;
  if (tail === "")
    throw invalid(
      `${JSON.stringify(operand)} ends with @. A version is NAME@3, NAME@label or NAME@current.`,
    );
  return /^\d+$/.test(tail) ? { ...which, version: Number(tail) } : { ...which, label: tail };
}

/** The same with `--time`, which is another way to say which one. */
export function withTime({ name, live, shown, version, label }: Which, { given }: Context): Which {
  const time = given.text("time");
  return {
    name,
    live,
    shown: time === undefined ? shown : `${shown} of ${time}`,
    ...(version === undefined ? {} : { version }),
    ...(label === undefined ? {} : { label }),
    ...(time === undefined ? {} : { time }),
  };
}

/** Only what the library's options have. */
export function selectorOf({ version, label, time }: VersionSelector): VersionSelector {
  return { version, label, time };
}

/** A flag that is a whole number from 1. INVALID_ARGUMENT. */
export function numberOf({ given }: Pick<Context, "given">, flag: string): number | undefined {
  const text = given.text(flag);
  return text === undefined ? undefined : wholeNumber(`--${flag}`, text);
}

export function wholeNumber(what: string, text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw invalid(`${what} must be a whole number from 1, not ${JSON.stringify(text)}.`);
  return Number(text);
}

/** `LEFT=RIGHT`; the left may have a `=` in it only if `last`. INVALID_ARGUMENT. */
export function pairOf(what: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw invalid(`${what}: ${JSON.stringify(text)} is not of the form NAME=VALUE.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export function invalid(message: string): LailaError {
  return new LailaError("INVALID_ARGUMENT", message);
}
