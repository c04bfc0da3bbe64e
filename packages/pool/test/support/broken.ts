import type { PoolOptions } from "@laila/pool";
import { type DescribePoolOptions, describePool } from "@laila/pool/testing";
import * as z from "zod";
import { ScriptedPool } from "./scripted-pool.js";

/** Runs the suite, or its tests of these names, on a pool and gives the names of the tests that fail. */
export async function failures(
  options: DescribePoolOptions,
  names: readonly RegExp[] = [/./],
): Promise<string[]> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  describePool("broken", options, {
    describe: (_, body) => body(),
    it: (name, body) => tests.push({ name, body }),
  });
  const failed: string[] = [];
  for (const { name, body } of tests) {
    if (!names.some((pattern) => pattern.test(name))) continue;
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

const configSchema = z.object({});

/** What the broken pools have in common with a good one. */
export class Statics extends ScriptedPool {
  static override readonly configSchema: z.ZodObject = configSchema;
  static override readonly classToken: string = "Statics";
  static override readonly packageName: string = "@laila/pool";
  constructor(config: object = {}, options: PoolOptions = {}) {
    super({ ...options, config });
  }
}

/** A class for each, because every class declares itself. */
export function own(): typeof Statics {
  return new Proxy(Statics, {
    construct: (target, args, newTarget) => {
      for (const name of ["configSchema", "classToken", "packageName"] as const) {
        if (!Object.hasOwn(newTarget, name))
          Object.defineProperty(newTarget, name, { value: target[name] });
      }
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
}
