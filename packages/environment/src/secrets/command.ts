import { execFile } from "node:child_process";
import { abortError, type ErrorCode, LailaError } from "@laila/schema";

export interface CommandOptions {
  /** How long the program may take (somebody may have to type), in milliseconds; 60,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Where it runs; the working directory unless given. */
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const maxOutputBytes = 64 * 1024;

/**
 * Runs a program without a shell and gives what it prints, without the line break at its end. Nothing of
 * what it prints is in any error.
 *
 * MISSING_SECRET when it is not there, fails (with its exit code) or prints nothing; TIMEOUT; ABORTED;
 * TOO_LARGE beyond 64 KiB.
 */
export function runCommand(
  [program = "", ...args]: readonly string[],
  { timeoutMs = 60_000, directory, signal, what }: CommandOptions & { readonly what: string },
): Promise<string> {
  // Arguments may be secret themselves; the program's name is what its user knows it by.
  const shown = `The command ${JSON.stringify(program)} that gives ${what}`;
  if (signal?.aborted) return Promise.reject(abortError(signal, shown));
  return new Promise((resolve, reject) => {
    const fail = (code: ErrorCode, why: string): void => {
      reject(new LailaError(code, `${shown} ${why}`, { details: { name: what, program } }));
    };
    execFile(
      program,
      args,
      {
        encoding: "utf8",
        shell: false,
        timeout: timeoutMs,
        maxBuffer: maxOutputBytes,
        windowsHide: true,
        ...(directory === undefined ? {} : { cwd: directory }),
        ...(signal ? { signal } : {}),
      },
      (error, stdout) => {
        if (!error) {
          const value = stdout.replace(/\r?\n$/, "");
          if (value === "") fail("MISSING_SECRET", "printed nothing. Run it by hand to see why.");
          else resolve(value);
          return;
        }
        const { code, killed } = error as { code?: number | string | null; killed?: boolean };
        if (signal?.aborted) reject(abortError(signal, shown));
        else if (code === "ENOENT")
          fail("MISSING_SECRET", "is not there. Install it, or give its whole path.");
        else if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")
          fail("TOO_LARGE", `printed more than ${maxOutputBytes} bytes, which is no secret.`);
        else if (killed)
          fail("TIMEOUT", `took longer than ${timeoutMs} ms. Run it by hand, or allow more time.`);
        else
          fail("MISSING_SECRET", `failed (${code ?? "it was killed"}). Run it by hand to see why.`);
      },
    );
  });
}
