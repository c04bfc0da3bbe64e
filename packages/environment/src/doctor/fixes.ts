import { dirname } from "node:path";
import { isLailaError } from "@laila/schema";
import { quoted } from "../args/permissions.js";
import type { PoolPlan } from "../recover/plan.js";
import { installLine, type PackageManager } from "./machine.js";

/** A shell takes it as it stands; nothing of a document gets into a command unless it is a plain name. */
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]{0,199}$/;

/**
 * Asks for a secret without showing it, and adds it, escaped as TOML wants it, to a file of its owner's alone:
 * a command for any POSIX shell.
 */
export function secretFix(name: string, file: string): string | null {
  if (!plainName.test(name)) return null;
  const at = quoted(file);
  const key = name.includes(".") ? `"${name}"` : name;
  const steps = [
    "umask 077",
    // Input that is no terminal has no echo. Ctrl-C leaves it switched on again.
    "trap 'stty echo; exit 130' INT",
    `[ -t 0 ] && stty -echo && printf '${name}: ' >&2`,
    "IFS= read -r V",
    "[ -t 0 ] && stty echo && echo >&2",
    `[ -n "$V" ] && touch ${at} && chmod 600 ${at} && printf '${key} = "%s"\\n' "$(printf %s "$V" | sed 's/[\\"]/\\\\&/g')" >> ${at}`,
  ];
  return `(${steps.join("; ")})`;
}

/** What may mend an error that a pool met when it was opened or probed; null for nothing better than its text. */
export function poolFix(
  error: unknown,
  plan: Pick<PoolPlan, "fields" | "stored"> | undefined,
  manager: PackageManager,
): string | null {
  if (!isLailaError(error)) return null;
  const { details, message } = error;
  const { fields = {}, stored } = plan ?? {};
  const bucket = textOf(fields.bucketName);
  const endpoint = textOf(fields.endpoint);
  const path = textOf(details.path) ?? textOf(details.file);
  const aws = (call: string, ...more: string[]): string | null =>
    bucket === undefined
      ? null
      : [
          `aws s3api ${call} --bucket ${quoted(bucket)}`,
          ...more,
          ...(endpoint === undefined ? [] : [`--endpoint-url ${quoted(endpoint)}`]),
        ].join(" ");
  const region = textOf(fields.regionName);
  switch (error.code) {
    case "NO_SUCH_STORE":
      return bucket === undefined
        ? path === undefined
          ? null
          : `mkdir -p ${quoted(path)}`
        : aws("create-bucket", ...(region === undefined ? [] : [`--region ${quoted(region)}`]));
    case "ACCESS_DENIED":
      if (bucket !== undefined) return aws("head-bucket");
      return path === undefined ? null : `ls -ld ${quoted(path)} ${quoted(dirname(path))}`;
    case "WRONG_REGION":
      return aws("get-bucket-location");
    case "CREDENTIALS_EXPIRED":
      return bucket === undefined ? null : "aws sts get-caller-identity";
    case "CLOCK_SKEW":
      return clockFix;
    case "UNAVAILABLE":
    case "TIMEOUT":
      if (endpoint !== undefined)
        return `curl -sS -o /dev/null -w '%{http_code}\\n' ${quoted(endpoint)}`;
      return bucket === undefined || region === undefined
        ? null
        : `curl -sS -o /dev/null -w '%{http_code}\\n' ${quoted(`https://s3.${region}.amazonaws.com`)}`;
    case "LOCKED":
      if (Number.isSafeInteger(details.pid))
        return `ps -o pid,etime,args -p ${String(details.pid)}`;
      return path === undefined ? null : `lsof ${quoted(path)}`;
    case "NO_SPACE":
      return path === undefined ? "df -h" : `df -h ${quoted(dirname(path))}`;
    case "UNSUPPORTED_VERSION":
      return installLine(stored?.package, manager, "@latest");
    case "INVALID_DOCUMENT":
      return details.unknownField === undefined
        ? null
        : installLine(stored?.package, manager, "@latest");
    default:
      return /install/i.test(message) ? installLine(stored?.package, manager) : null;
  }
}

export const clockFix = "sudo timedatectl set-ntp true";

function textOf(value: unknown): string | undefined {
  // Control characters would make another command of it in a terminal.
  return typeof value === "string" && value !== "" && !/\p{C}/u.test(value) ? value : undefined;
}
