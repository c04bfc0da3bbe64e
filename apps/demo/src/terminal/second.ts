import { isDeepStrictEqual } from "node:util";
import { laila, Manifest, recoverPolicy } from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { connect } from "../connect.js";
import type { SecondFacts } from "./facts.js";
import { tellHalf } from "./half.js";
import { holds, say, step } from "./story.js";
import { things } from "./things.js";

await tellHalf<SecondFacts>(async () => {
  const nickname = process.argv[2] ?? "";
  await laila.readArgs("./secrets.toml");

  step(6, `A fresh process, with credentials, a bucket, and one nickname: "${nickname}"`);
  const s3 = connect("s3");
  const found = await Manifest.recall(nickname, { pool: s3 });
  const { config } = await found.realize({ pool: s3 });
  say(`manifest   ${found.globalId}`);
  say(`leaf       ${config.globalId}`);

  step(7, "Rebuild the whole policy from it");
  const policy = await recoverPolicy({
    environment: config.data,
    poolClasses: [S3Pool, HDF5Pool],
    args: laila.args,
    from: s3,
  });
  const before = laila.activate(policy);
  await before.close();
  const rebuilt = laila.environment;
  const { pools } = rebuilt.policy.central.memory.pool_router;
  for (const [id, { class_token, nickname: name = "" }] of Object.entries(pools)) {
    say(`${class_token.padEnd(10)} ${name.padEnd(11)} ${id}`);
  }
  if (isDeepStrictEqual(rebuilt, config.data)) holds("captured again, it equals the saved one");

  step(8, "Remember the things through the recovered pools");
  const equal: Record<string, boolean> = {};
  for (const [name, { pool, kind, value }] of Object.entries(things)) {
    const entry = await laila.remember({ nickname: name }, { poolNickname: pool });
    equal[name] = isDeepStrictEqual(entry.data, value);
    if (equal[name]) holds(`${name}: ${kind}, equal and of the same type`);
  }

  await s3.close();
  await laila.close();
  return {
    environment: config.data,
    rebuilt,
    pools: Object.entries(pools).map(([id, { class_token, nickname: name = "" }]) => ({
      id,
      classToken: class_token,
      nickname: name,
    })),
    equal,
  };
});
