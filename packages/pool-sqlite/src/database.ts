import { statSync } from "node:fs";
import { LailaError } from "@laila/pool";
import Database from "libsql";
import { isBusy } from "./errors.js";

/** "LAIL": what tells our files from those of other programs (sqlite.org/pragma.html#pragma_application_id). */
const applicationId = 0x4c41494c;
const formatVersion = 1;

/** AUTOINCREMENT never gives a number twice, not even after a delete: that makes it a version. */
const table =
  "CREATE TABLE laila (version INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL)";

const pageOfKeys = 1000;

type Connection = InstanceType<typeof Database>;

export interface Found {
  readonly version: string;
  readonly bytes: Uint8Array;
}

/**
 * One connection. Every call is synchronous and whole: none leaves a transaction or a cursor open. A busy
 * file is reported at once, as SQLITE_BUSY, so that the event loop does not wait for other processes.
 */
export class PoolDatabase {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #identity: string | undefined;

  /** Opens or makes the file. SQLite's errors; INVALID_CONFIG for another program's, UNSUPPORTED_VERSION. */
  constructor(path: string, maxBytes: number | undefined) {
    this.#path = path;
    this.#connection = new Database(path, { timeout: 0 });
    try {
      this.#configure(maxBytes);
      this.#statements = prepareAll(this.#connection);
      this.#identity = identityOf(path);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  read(key: string): Found | undefined {
    const row = this.#statements.read.get([blob(key)]) as [number, Uint8Array] | undefined;
    return row && { version: String(row[0]), bytes: row[1] };
  }

  has(key: string): boolean {
    return this.#statements.version.get([blob(key)]) !== undefined;
  }

  versionOf(key: string): string | undefined {
    const row = this.#statements.version.get([blob(key)]) as [number] | undefined;
    return row && String(row[0]);
  }

  /** In a transaction, like {@link delete}. */
  write(key: string, bytes: Uint8Array): string {
    return String(this.#statements.write.run([blob(key), bytes]).lastInsertRowid);
  }

  delete(key: string): void {
    this.#statements.delete.run([blob(key)]);
  }

  /** Some keys with this prefix, in the order of their bytes; those behind `after`, if it is given. */
  keys(prefix: string, after: string | undefined): string[] {
    const wanted = blob(prefix);
    // The next key there can be is the last one and a zero.
    const start = after === undefined ? wanted : Buffer.concat([blob(after), Buffer.alloc(1)]);
    const rows = this.#statements.keys.all([start, pageOfKeys]) as [Uint8Array][];
    return rows
      .map(([key]) => Buffer.from(key.buffer, key.byteOffset, key.byteLength))
      .filter((key) => key.subarray(0, wanted.byteLength).equals(wanted))
      .map((key) => key.toString("utf8"));
  }

  /** All or nothing, and durable when it returns. NO_SUCH_STORE when the file is not at its path any more. */
  transaction<T>(work: () => T): T {
    // Otherwise this would go into a file that nobody can find.
    if (identityOf(this.#path) !== this.#identity) {
      throw new LailaError(
        "NO_SUCH_STORE",
        `${this.#path} was removed or replaced while the pool had it open. Close the pool and open it anew.`,
        { details: { path: this.#path } },
      );
    }
    return inTransaction(this.#connection, work);
  }

  /** Moves everything into the one file, unless others are using it. */
  close(): void {
    try {
      this.#connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      if (!isBusy(error)) throw error;
    } finally {
      this.#connection.close();
    }
  }

  #configure(maxBytes: number | undefined): void {
    const connection = this.#connection;
    connection.exec("PRAGMA trusted_schema = OFF");
    // At one moment: else another process could make the file ours between two looks at it.
    const isNew = inTransaction(connection, () => this.#check(), "DEFERRED") === "new";
    const mode = pragma(connection, "journal_mode = WAL");
    if (mode !== "wal") {
      throw new LailaError(
        "UNSUPPORTED",
        `${this.#path} cannot have a write-ahead log (journal_mode stays ${String(mode)}). Put it on a local file system.`,
        { details: { path: this.#path } },
      );
    }
    // In a WAL, only FULL syncs every commit; F_FULLFSYNC is what syncs on macOS.
    connection.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON");
    connection.exec("PRAGMA checkpoint_fullfsync = ON; PRAGMA cell_size_check = ON");
    if (isNew) {
      inTransaction(connection, () => {
        // Another process may have been first.
        if (this.#check() === "new") {
          connection.exec(`PRAGMA application_id = ${applicationId}; ${table}`);
          connection.exec(`PRAGMA user_version = ${formatVersion}`);
        }
      });
    }
    if (maxBytes !== undefined) {
      const pageSize = Number(pragma(connection, "page_size"));
      pragma(connection, `max_page_count = ${Math.floor(maxBytes / pageSize)}`);
    }
  }

  #check(): "new" | "ours" {
    const connection = this.#connection;
    const id = pragma(connection, "application_id");
    const made = connection
      .prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
      .raw()
      .all([]) as [string][];
    if (id === 0 && made.length === 0) return "new";
    const details = { path: this.#path };
    if (id !== applicationId) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${this.#path} is an SQLite database of another program. Give the pool a file of its own.`,
        { details },
      );
    }
    const version = pragma(connection, "user_version");
    if (version !== formatVersion) {
      throw new LailaError(
        "UNSUPPORTED_VERSION",
        `${this.#path} has format ${String(version)}, and this version of @laila/pool-sqlite knows ${formatVersion}. Install a newer one.`,
        { details },
      );
    }
    // A trigger or a view could make a write do something else.
    if (made.length !== 1 || made[0]?.[0] !== table) {
      throw new LailaError(
        "CORRUPT",
        `${this.#path} has tables, indexes, triggers or views that are not the pool's. Remove them.`,
        { details },
      );
    }
    return "ours";
  }
}

/** Parameters go in arrays: libsql takes a single object, and so a single blob, for named ones. */
function prepareAll(connection: Connection) {
  return {
    read: connection.prepare("SELECT version, value FROM laila WHERE key = ?").raw(),
    version: connection.prepare("SELECT version FROM laila WHERE key = ?").raw(),
    keys: connection.prepare("SELECT key FROM laila WHERE key >= ? ORDER BY key LIMIT ?").raw(),
    write: connection.prepare("INSERT OR REPLACE INTO laila (key, value) VALUES (?, ?)"),
    delete: connection.prepare("DELETE FROM laila WHERE key = ?"),
  };
}

/** libsql's own `transaction` hides the error when SQLite has rolled back by itself, as it does when full. */
function inTransaction<T>(
  connection: Connection,
  work: () => T,
  kind: "IMMEDIATE" | "DEFERRED" = "IMMEDIATE",
): T {
  connection.exec(`BEGIN ${kind}`);
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

function pragma(connection: Connection, source: string): unknown {
  return (connection.prepare(`PRAGMA ${source}`).raw().get([]) as [unknown] | undefined)?.[0];
}

/** Undefined when there is no such file. */
function identityOf(path: string): string | undefined {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status && `${status.dev}:${status.ino}`;
}

/** Keys are blobs: compared by their bytes, and whole if they have zeros in them. */
function blob(key: string): Buffer {
  return Buffer.from(key, "utf8");
}
