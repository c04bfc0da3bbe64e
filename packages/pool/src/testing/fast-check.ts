import { LailaError } from "@laila/schema";

/** An optional peer: whoever only imports the suite needs it not. MISSING_PACKAGE. */
export async function fastCheck(): Promise<typeof import("fast-check")> {
  try {
    return await import("fast-check");
  } catch (error) {
    throw missingFastCheck(error);
  }
}

function missingFastCheck(cause: unknown): LailaError {
  return new LailaError(
    "MISSING_PACKAGE",
    "The pool conformance suite needs fast-check. Install it: npm install --save-dev fast-check",
    { cause },
  );
}
