import {
  ManifestBase,
  type ManifestContents,
  type ManifestOptions,
  type RecallOptions,
  recallManifest,
} from "@laila/policy";
import { laila } from "./laila.js";

/** A manifest of the default `laila`, bound to whatever policy is active when it is used. */
export class Manifest<C extends object = ManifestContents> extends ManifestBase<C> {
  /** Contents are entries, ids, lists of them, manifests, and objects of these. */
  constructor(contents?: C, options: ManifestOptions = {}) {
    super(() => laila.policy, contents, options);
  }

  /** The manifest that was memorized under a nickname. NOT_FOUND. */
  static recall(nickname: string, options: RecallOptions = {}): ReturnType<typeof recallManifest> {
    return recallManifest(() => laila.policy, nickname, options);
  }
}
