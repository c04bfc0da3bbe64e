import type { PoolClass } from "@laila/pool";
import { fieldsOf, LailaError } from "@laila/schema";
import * as z from "zod/mini";

/** Where a pool of this configuration sends its credentials, as {@link PoolClass.destination} says. INVALID_DOCUMENT. */
export function destinationOf(
  cls: PoolClass,
  fields: Readonly<Record<string, unknown>>,
): string | null | undefined {
  try {
    return cls.destination?.(parsed(cls, fields));
  } catch (error) {
    throw malformedDestination(cls, error);
  }
}

/** The fields as the class's schema makes them; what it refuses, its constructor will refuse. */
function parsed(
  cls: PoolClass,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const declared = fieldsOf(cls.configSchema);
  const values = Object.entries(fields).map(([name, value]) => {
    const result = declared[name] && z.safeParse(declared[name], value);
    return [name, result?.success ? result.data : value] as const;
  });
  return Object.fromEntries(values);
}

function malformedDestination({ classToken }: PoolClass, cause: unknown): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `The destination of a ${classToken} cannot be read from its configuration: its endpoint is malformed. Correct the document, or override the field.`,
    { cause },
  );
}
