import { LailaError } from "@laila/schema";

/** The names of all secrets that a value refers to, at any depth; malformed references count too. */
export function everyReference(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("$secret" in value)
    return [typeof value.$secret === "string" ? value.$secret : "(malformed)"];
  return Object.values(value).flatMap(everyReference);
}

export function invalid(at: string, message: string): LailaError {
  return new LailaError("INVALID_DOCUMENT", `The environment cannot be recovered. ${message}`, {
    details: { path: at },
  });
}
