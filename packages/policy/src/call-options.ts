import { checkOptions as checkNames, LailaError } from "@laila/schema";
import type {
  ForgetManifestOptions,
  MemorizeManifestOptions,
  RememberOptions,
  RouteOptions,
} from "./options.js";
import { isPlain, kindOf } from "./plain.js";

type NamesOf<O> = readonly (keyof O & string)[];

export const routeNames: NamesOf<RouteOptions> = ["pool", "poolId", "poolNickname"];
export const memorizeNames: NamesOf<MemorizeManifestOptions> = [...routeNames, "signal", "verify"];
export const rememberNames: NamesOf<RememberOptions> = [...routeNames, "signal", "keepCopy"];
export const forgetNames: NamesOf<ForgetManifestOptions> = [...routeNames, "signal", "leaves"];

/** Options as a caller gave them: in order, or none and what is wrong with them. */
export interface Received<O> {
  readonly options: O;
  readonly refused: LailaError | undefined;
}

const nothingGiven: Received<object> = { options: Object.freeze({}), refused: undefined };

/** For calls whose every failure is the future's: nothing is thrown here. */
export function received<O extends object>(
  call: string,
  given: O | undefined,
  names: NamesOf<O>,
): Received<O> {
  if (given === undefined) return nothingGiven as Received<O>;
  try {
    return { options: checkOptions(call, given, names), refused: undefined };
  } catch (error) {
    return { options: {} as O, refused: error as LailaError };
  }
}

/**
 * The compiler sees to it that options are named right, but not in JavaScript, where a mistyped name
 * would send what was meant for a lasting pool to the alpha pool. INVALID_ARGUMENT.
 */
export function checkOptions<O extends object>(
  call: string,
  given: O | undefined,
  names: NamesOf<O>,
): O {
  if (given === undefined) return {} as O;
  if (!isPlain(given)) throw notOptions(call, given, names);
  checkNames(call, given, names);
  if ("signal" in given && given.signal !== undefined && !isSignal(given.signal)) {
    throw invalid(
      `The signal given to ${call} must be an AbortSignal, such as AbortSignal.timeout(1000) or the signal of an AbortController.`,
    );
  }
  return given;
}

function notOptions(call: string, given: unknown, names: readonly string[]): LailaError {
  const takesPool = names.includes("poolNickname");
  let hint = `Its options are ${names.join(", ")}.`;
  if (takesPool && typeof given === "string") {
    hint = `To go by a pool's name, pass { poolNickname: ${JSON.stringify(given.slice(0, 100))} }.`;
  } else if (names.includes("pool") && isPoolLike(given)) {
    hint = "To say which pool, pass { pool }.";
  } else if (names.includes("nickname") && typeof given === "string") {
    hint = `To give a name, pass { nickname: ${JSON.stringify(given.slice(0, 100))} }.`;
  } else if (names.includes("signal") && isSignal(given)) {
    hint = "To pass a signal, write { signal }.";
  }
  return invalid(`The options of ${call} must be a plain object, not ${kindOf(given)}. ${hint}`);
}

function isPoolLike(value: unknown): boolean {
  return typeof value === "object" && value !== null && "read" in value && "write" in value;
}

/** Of any realm, or any implementation that is true to the interface. */
function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    "addEventListener" in value &&
    typeof value.addEventListener === "function"
  );
}

function invalid(message: string): LailaError {
  return new LailaError("INVALID_ARGUMENT", message);
}
