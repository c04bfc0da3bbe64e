/**
 * Stored names of the fields that say where a pool keeps its values: `bucket_name`, `prefix`, `file_path`,
 * `endpoint`, and what pools of others call the same. A document has no classes at hand to ask.
 */
const placeName =
  /^(?:(?:.+_)?(?:bucket|bucket_name|prefix|path|directory|root|endpoint|url|uri|host|container)|scheme|hostname|port|address|account_id|account_name|database|table|collection|file|filename|endpoint_url|ready_client|ready_operator)$/;

/** Of a pool's stored fields, those that say where it stores, sorted by name; never a secret. */
export function storedPlace(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (isRecord(value)) {
      // Classes that stand for many services, such as OpenDALPool, have theirs in there.
      if (name === "options") found.push([name, storedPlace(value)]);
    } else if (value !== undefined && placeName.test(name)) found.push([name, value]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
