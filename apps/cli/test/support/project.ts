import { expect } from "vitest";
import { Folder } from "./folder.js";

/** A project with a store, an HDF5 file and a second bucket, two saved versions, values and a manifest. */
export async function makeProject(): Promise<Folder> {
  const folder = await Folder.make();
  await folder.write("secrets.toml", folder.credentials);
  await folder.write("notes.json", { read: "me" });
  const pools = {
    s3: folder.bucket("things"),
    local: { class: "HDF5Pool", filePath: "data.h5" },
    archive: { ...folder.bucket("archive"), prefix: "copies" },
  };
  const { archive: _, ...first } = pools;
  await folder.write("laila.config.json", { name: "prod", secrets: "secrets.toml", pools: first });
  expect(await folder.laila("env", "save", "-m", "first")).toMatchObject({ code: 0 });
  await folder.write("laila.config.json", { name: "prod", secrets: "secrets.toml", pools });
  expect(await folder.laila("env", "save", "-m", "an archive")).toMatchObject({ code: 0 });
  const { accessKeyId, secretAccessKey, endpoint, region } = folder.server;
  const made = await folder.node(`
    import { createLaila } from "@laila/core";
    import { S3Pool } from "@laila/pool-s3";
    import { HDF5Pool } from "@laila/pool-hdf5";
    const laila = createLaila();
    laila.memory.extend(new S3Pool(${JSON.stringify({ bucketName: "things", accessKeyId, secretAccessKey, endpoint, regionName: region })}), { poolNickname: "s3" });
    laila.memory.extend(new HDF5Pool({ filePath: "data.h5", nickname: "local" }), { poolNickname: "local" });
    const settings = laila.constant({ rate: 0.1 }, { nickname: "settings" });
    const weights = laila.constant(Float32Array.of(1, 2, 3), { nickname: "weights" });
    await laila.memorize(settings, { poolNickname: "s3" });
    const manifest = laila.manifest({ settings, layers: [weights, laila.constant(new Date(0))] }, { nickname: "experiment" });
    await manifest.memorize({ poolNickname: "local" });
    await laila.close();
  `);
  expect(made).toEqual({ code: 0, out: "", err: expect.any(String) });
  return folder;
}
