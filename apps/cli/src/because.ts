import { type ErrorCode, LailaError } from "@laila/schema";

/** An error that tells in our words what another one means. */
export function because(cause: unknown, code: ErrorCode, message: string): LailaError {
  return new LailaError(code, message, { cause });
}

/** What an error says, whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Its code, if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
