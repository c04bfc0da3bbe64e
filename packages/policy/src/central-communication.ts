import { type GlobalId, LailaError } from "@laila/schema";

/** A link to elsewhere, as far as a policy knows it: who it is, and its form as data. */
export interface Connection {
  readonly globalId: GlobalId;
  readonly nickname?: string | undefined;
  toConfig(): { readonly class_token: string; readonly [field: string]: unknown };
  close?(): Promise<void>;
}

/** The connections of a policy: a registry that is captured with it. */
export class CentralCommunication {
  readonly globalId: GlobalId;
  readonly #connections = new Map<GlobalId, Connection>();

  constructor(globalId: GlobalId) {
    this.globalId = globalId;
  }

  get connections(): ReadonlyMap<GlobalId, Connection> {
    return this.#connections;
  }

  /** Adds a connection. CONFLICT when another has its id. */
  extend(connection: Connection): void {
    const known = this.#connections.get(connection.globalId);
    if (known && known !== connection) {
      throw new LailaError(
        "CONFLICT",
        `Another connection already has the id ${connection.globalId}. Detach it first.`,
      );
    }
    this.#connections.set(connection.globalId, connection);
  }

  /** Takes a connection out without closing it. NOT_FOUND when it is not in. */
  detach(globalId: GlobalId): Connection {
    const found = this.#connections.get(globalId);
    if (!found) throw new LailaError("NOT_FOUND", `There is no connection ${globalId} here.`);
    this.#connections.delete(globalId);
    return found;
  }
}
