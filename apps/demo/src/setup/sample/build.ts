import { labelEnvironment, laila, Policy } from "@laila/core";
import { connect } from "../../connect.js";
import type { ToSetup } from "../../messages.js";
import { names } from "../../names.js";
import { writeProject } from "../project.js";
import { memorizeSample } from "./entries.js";
import { addMany, memorizeMany } from "./many.js";
import { addCaches, addFiles, addLocal, addScratch, addTaskforce } from "./pools.js";

/** Builds the set-up step by step, as people do, and saves it after each step. */
export async function buildSample({
  name,
  pools,
  entries,
}: Extract<ToSetup, { type: "sample" }>): Promise<void> {
  laila.activate(new Policy({ nickname: name, namespace: laila.namespace }));
  const bucket = connect(names.bucket);
  laila.memory.extend(bucket);
  const save = (author: string, message: string) =>
    laila.saveEnvironment(laila.environment, { name, pool: bucket, author, message });

  addLocal();
  await save("ann", "A bucket, and a file in front of it");
  addFiles();
  await save("ann", "Plain files for what people look at");
  addScratch(16);
  await save("ben", "A cache in memory");
  addScratch(128);
  addTaskforce();
  addCaches(pools);
  if (entries > 0) addMany();
  const { version } = await save("ann", "A larger cache, and a second taskforce");
  await labelEnvironment({
    name,
    pool: bucket,
    labels: { stable: 2, production: version },
  });

  await memorizeSample();
  await memorizeMany(entries);
  await writeProject();
}
