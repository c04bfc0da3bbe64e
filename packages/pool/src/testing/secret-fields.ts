import { fieldMark, fieldsOf } from "@laila/schema";
import type * as z from "zod";

const secretWords = /secret|token|passw|passphrase|passcode|credential/i;

/** `accessKeyId` is a name; `apiKey`, `key` and `privateKeys` are secrets. */
export function soundsSecret(name: string): boolean {
  return secretWords.test(name) || /(^k|K)eys?$/.test(name);
}

/** The paths of all fields, at any depth, that sound secret and are marked neither secret nor exempt. */
export function unmarkedSecrets(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  const def = schema._zod.def as {
    type: string;
    innerType?: z.core.$ZodType;
    element?: z.core.$ZodType;
    valueType?: z.core.$ZodType;
    in?: z.core.$ZodType;
    options?: readonly z.core.$ZodType[];
    items?: readonly z.core.$ZodType[];
  };
  if (def.type === "object") {
    return Object.entries(fieldsOf(schema as z.core.$ZodObject)).flatMap(([name, field]) => {
      const mark = fieldMark(field)?.laila;
      if (mark === "secret" || mark === "exempt") return [];
      const here = [...path, name];
      return soundsSecret(name) ? [here.join(".")] : unmarkedSecrets(field, here);
    });
  }
  const inner = [
    def.innerType,
    def.element,
    def.valueType,
    def.in,
    ...(def.options ?? []),
    ...(def.items ?? []),
  ];
  return inner.flatMap((child) => (child ? unmarkedSecrets(child, path) : []));
}
