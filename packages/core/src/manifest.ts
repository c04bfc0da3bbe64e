import {
  type Future,
  ManifestBase,
  type ManifestContents,
  type ManifestOptions,
  type RealizedData,
  type RecallOptions,
  recallManifest,
} from "@laila/policy";
import { laila } from "./laila.js";

/** A manifest of the default `laila`, bound to whatever policy is active when it is used. */
export class Manifest<
  const C extends ManifestContents = ManifestContents,
  D = RealizedData<C>,
> extends ManifestBase<C, D> {
  /**
   * Contents are entries, ids, lists of them, manifests, and objects of these.
   * INVALID_ARGUMENT with the path of anything else; INVALID_ID.
   */
  constructor(contents?: C, options: ManifestOptions<D> = {}) {
    super(() => laila.policy, contents, options);
  }

  /** The manifest that was memorized under a nickname; its data must fit the schema, if one is given. NOT_FOUND. */
  static recall<D = Record<string, unknown>>(
    nickname: string,
    options: RecallOptions<D> = {},
  ): Future<ManifestBase<ManifestContents, D>> {
    return recallManifest(() => laila.policy, nickname, options);
  }
}
