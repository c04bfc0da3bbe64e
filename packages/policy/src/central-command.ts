import { type GlobalId, LailaError } from "@laila/schema";
import type { TaskForce } from "./async-task-force.js";

/** The taskforces of a policy. Every single pool operation that takes time runs on the alpha taskforce. */
export class CentralCommand {
  readonly globalId: GlobalId;
  readonly #taskforces = new Map<GlobalId, TaskForce>();
  #alpha: TaskForce;

  constructor(globalId: GlobalId, alpha: TaskForce) {
    this.globalId = globalId;
    this.#alpha = alpha;
    this.#taskforces.set(alpha.globalId, alpha);
  }

  get alphaTaskforce(): TaskForce {
    return this.#alpha;
  }

  get taskforces(): ReadonlyMap<GlobalId, TaskForce> {
    return this.#taskforces;
  }

  /**
   * Adds a taskforce; with `alpha`, operations that start from now on run on it.
   * CONFLICT when another taskforce has its id.
   */
  extend(
    taskforce: TaskForce,
    { alpha = false }: { readonly alpha?: boolean | undefined } = {},
  ): void {
    const known = this.#taskforces.get(taskforce.globalId);
    if (known && known !== taskforce) {
      throw new LailaError(
        "CONFLICT",
        `Another taskforce already has the id ${taskforce.globalId}. Give this one another nickname.`,
      );
    }
    this.#taskforces.set(taskforce.globalId, taskforce);
    if (alpha) this.#alpha = taskforce;
  }

  /** Closes every taskforce; resolves when all are quiet. */
  async close(): Promise<void> {
    await Promise.all([...this.#taskforces.values()].map((taskforce) => taskforce.close()));
  }
}
