import { inspect } from "node:util";
import { laila, Manifest } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { connect } from "../connect.js";
import type { FirstFacts } from "./facts.js";
import { tellHalf } from "./half.js";
import { holds, say, show, step } from "./story.js";
import { manifestNickname, things } from "./things.js";

await tellHalf<FirstFacts>(async () => {
  await laila.readArgs("./secrets.toml");

  step(1, "Register two pools: a bucket and a file");
  laila.memory.extend(connect("s3"), { poolNickname: "s3" });
  laila.memory.extend(new HDF5Pool({ nickname: "local_hdf5" }), { poolNickname: "local_hdf5" });
  for (const [nickname, id] of laila.memory.poolRouter.nicknames)
    say(`${nickname.padEnd(11)} ${id}`);

  step(2, "Memorize a few things of different types");
  for (const [nickname, { pool, kind, value }] of Object.entries(things)) {
    const entry = laila.constant<unknown>(value, { nickname });
    await laila.memorize(entry, { poolNickname: pool });
    say(`${nickname.padEnd(9)} ${kind.padEnd(28)} -> ${pool.padEnd(11)} ${entry.globalId}`);
  }

  step(3, "The set-up is data: laila.environment");
  const environment = laila.environment;
  const { pools } = environment.policy.central.memory.pool_router;
  for (const [id, config] of Object.entries(pools)) show(`${id} ${inspect(config, { depth: 5 })}`);
  const text = JSON.stringify(environment);
  const secrets = [laila.args.AWS_ACCESS_KEY_ID, laila.args.AWS_SECRET_ACCESS_KEY];
  if (!secrets.some((secret: string) => text.includes(secret)))
    holds("secrets are in it by name only");

  step(4, "Wrap it in a manifest");
  const config = laila.constant(environment, { nickname: "my_environment_v1" });
  const manifest = new Manifest({ config }, { nickname: manifestNickname });
  say(`entry      ${config.globalId}`);
  say(`manifest   ${manifest.globalId}`);
  show(`blueprint  ${inspect(manifest.blueprint)}`);

  step(5, "Memorize it to S3, under guarantee");
  await laila.guarantee(() => {
    manifest.memorize({ poolNickname: "s3" });
  });
  const s3 = laila.memory.poolRouter.route({ poolNickname: "s3" });
  const written = [manifest.globalId, ...manifest];
  const landed = await Promise.all(written.map((id) => s3.exists(id)));
  if (landed.every(Boolean)) holds(`every write has landed: S3 has all ${written.length} objects`);

  await laila.close();
  say("This process ends here. What it knew is gone.");
  return { environment, manifestId: manifest.globalId, leafIds: [...manifest] };
});
