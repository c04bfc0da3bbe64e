import { subscribe } from "node:diagnostics_channel";
import {
  diffEnvironments,
  type EnvironmentDocument,
  laila,
  loadEnvironment,
  NdArray,
  type RecoveryPlan,
} from "@laila/core";
import type { RecoverStep } from "../api.js";
import { connect } from "../connect.js";
import { failureOf } from "../failure.js";
import { names } from "../names.js";
import { writeProject } from "./project.js";
import { poolClasses } from "./sample/pools.js";
import { tell } from "./tell.js";

/**
 * Everything back from the bucket: this process has nothing but `secrets.toml` and a name. Each step is told
 * with its time and its round trips, which are counted where Node sends them.
 */
export async function recover(name: string): Promise<void> {
  const bucket = connect(names.bucket);

  const { environment } = await step("document", "The saved document is read", async () => {
    const loaded = await loadEnvironment({ name, pool: bucket });
    const { version, message } = loaded.info ?? {};
    return { value: loaded, detail: `${name}, version ${version}: ${message ?? "no message"}` };
  });

  const options = { environment, from: bucket, poolClasses, args: laila.args };
  await step("plan", "What would be opened, and where secrets would go", async () => {
    const plan = await laila.recoverPolicy({ ...options, dryRun: true });
    return { value: plan, detail: summaryOf(plan) };
  });

  await step("pools", "The pools are made and opened", async () => {
    const before = laila.activate(await laila.recoverPolicy(options));
    await before.close();
    const { pools } = laila.memory.poolRouter;
    return { value: undefined, detail: `${pools.size} pools, all of them open` };
  });

  await step("compare", "The live set-up, captured again, beside the document", async () => {
    return { value: undefined, detail: compared(environment) };
  });

  await step("remember", `The array “${names.field}” is remembered`, async () => {
    const pool = laila.memory.poolRouter.route({ poolNickname: names.local });
    const entry = await laila.remember({ nickname: names.field }, { pool });
    const { data } = entry;
    const kind = NdArray.is(data) ? `${data.dtype} ${data.shape.join(" × ")}` : typeof data;
    const detail = `${kind}, through the pool “${names.local}”`;
    return { value: entry, detail, entry: { poolId: pool.globalId, key: entry.globalId } };
  }).catch(() => {
    // It is told already. The set-up is back, whatever somebody did to this entry in the bucket.
  });

  await bucket.close();
  await writeProject();
}

/** Told when it begins and when it has ended. */
async function step<T>(
  name: RecoverStep["step"],
  title: string,
  act: () => Promise<{ value: T; detail: string; entry?: NonNullable<RecoverStep["entry"]> }>,
): Promise<T> {
  const line = { step: name, title };
  tell({ type: "step", step: { ...line, ms: null, requests: 0, detail: null } });
  const began = performance.now();
  const before = requests;
  const cost = () => ({ ms: performance.now() - began, requests: requests - before });
  try {
    const { value, ...told } = await act();
    tell({ type: "step", step: { ...line, ...cost(), ...told } });
    return value;
  } catch (error) {
    const failure = failureOf(error);
    tell({ type: "step", step: { ...line, ...cost(), detail: null, failure } });
    throw error;
  }
}

/** Every HTTP request that this process has begun. */
let requests = 0;
subscribe("http.client.request.start", () => {
  requests++;
});

function summaryOf({ pools }: RecoveryPlan): string {
  const secrets = pools.flatMap((pool) => pool.secrets);
  const places = [...new Set(secrets.flatMap(({ destination }) => destination ?? []))];
  const sent =
    places.length === 0 ? "no secret goes anywhere" : `secrets go to ${places.join(", ")}`;
  return `${pools.length} pools; ${sent}`;
}

/** Throws when it is not the same set-up: then nothing was recovered. */
function compared(document: EnvironmentDocument): string {
  const { equal, identical, added, removed, changed } = diffEnvironments(
    document,
    laila.environment,
  );
  if (!equal)
    throw new Error(
      `The recovered set-up is another one: ${added} added, ${removed} removed, ${changed} changed.`,
    );
  return identical ? "Equal, to the last member" : "Equal";
}
