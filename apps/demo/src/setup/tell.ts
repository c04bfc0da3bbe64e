import type { FromSetup } from "../messages.js";

/** Says something to the keeper. */
export function tell(message: FromSetup): void {
  // A keeper that is gone hears nothing; this process ends with it.
  if (process.connected) process.send?.(message);
}
