import { resolve } from "node:path";
import type { HDF5Inspection, HDF5Object } from "./inspection.js";
import { inspector } from "./inspector.js";

/** How many objects are asked for at once. */
const pageObjects = 256;

/**
 * Lists an HDF5 file, whoever wrote it.
 *
 * @param given absolute, or relative to the working directory
 */
export async function inspect(given: string, signal?: AbortSignal): Promise<HDF5Inspection> {
  const path = resolve(given);
  return inspector.turn(path, signal, async (ask, size) => {
    const { handle, paths, attributes, laila } = await ask((worker) =>
      worker.call("inspect", path),
    );
    const objects: HDF5Object[] = [];
    for (let at = 0; at < paths.length; at += pageObjects) {
      const page = paths.slice(at, at + pageObjects);
      const isPool = laila?.kind === "pool";
      objects.push(...(await ask((worker) => worker.call("inspectObjects", handle, page, isPool))));
    }
    await ask((worker) => worker.call("close", handle));
    const broken = objects.some(({ kind }) => kind === "damaged" || kind === "other");
    if (broken) await inspector.noteFailure();
    return { path, size, ...(laila ? { laila } : {}), attributes, objects };
  });
}
