import { describe, expectTypeOf, it } from "vitest";
import {
  createLaila,
  type Entry,
  type EnvironmentDocument,
  type LailaArgs,
  laila,
  Manifest,
  MemoryPool,
  type Policy,
  recoverPolicy,
  saveEnvironment,
} from "../src/index.js";

/** Never called: what counts is what the compiler makes of it. */
async function program() {
  expectTypeOf(laila.args).toBeAny();
  expectTypeOf(laila.args.policy.central.anything).toBeAny();
  expectTypeOf<LailaArgs>().toBeAny();

  const entry = laila.constant({ a: [1] });
  expectTypeOf(entry).toEqualTypeOf<Entry<{ a: number[] }>>();
  expectTypeOf(await laila.remember(entry)).toEqualTypeOf<Entry<{ a: number[] }>>();
  expectTypeOf((await laila.remember({ nickname: "x" })).data).toBeUnknown();
  expectTypeOf((await laila.remember("LAILA:…")).data).toBeUnknown();
  expectTypeOf(laila.variable(1).evolve("two")).toEqualTypeOf<Entry<string>>();
  const [one, two] = await laila.memorize([laila.constant(1), laila.constant("2")]);
  expectTypeOf(one.data).toEqualTypeOf<number>();
  expectTypeOf(two.data).toEqualTypeOf<string>();

  const env = laila.environment;
  expectTypeOf(env).toEqualTypeOf<EnvironmentDocument>();
  const config = laila.constant(env, { nickname: "my_environment_v1" });
  const manifest = new Manifest({ config }, { nickname: "env_manifest_v1" });
  expectTypeOf((await manifest.realize()).config).toEqualTypeOf<Entry<EnvironmentDocument>>();
  expectTypeOf(await laila.guarantee(() => 1)).toEqualTypeOf<number>();

  const pool = laila.create(MemoryPool, { nickname: "m" });
  expectTypeOf(pool).toEqualTypeOf<MemoryPool>();
  laila.create(MemoryPool);
  // @ts-expect-error a configuration is checked against the class's own
  laila.create(MemoryPool, { nicknam: "m" });

  const found = await Manifest.recall("env_manifest_v1", { pool });
  const realized = await found.realize({ pool });
  expectTypeOf(
    await recoverPolicy({
      environment: realized.config.data,
      poolClasses: [MemoryPool],
      args: laila.args,
      from: pool,
    }),
  ).toEqualTypeOf<Policy>();
  expectTypeOf(
    (await saveEnvironment(env, { name: "prod", pool })).version,
  ).toEqualTypeOf<number>();
  // @ts-expect-error either a document or a name and a pool
  await recoverPolicy({ poolClasses: [MemoryPool] });
  // @ts-expect-error a raw value is not an entry
  await laila.memorize(5);
  await createLaila({ args: { A: 1 } }).close();
}

describe("types", () => {
  it("are as the program above says", () => {
    expectTypeOf(program).toBeFunction();
  });
});
