import { copyAgain } from "../codecs/json-exact.js";
import { Entry } from "../entry.js";
import { LailaError } from "../errors.js";
import type { GlobalId } from "../global-id.js";
import { toJsonText } from "../json-text.js";
import { checkId, checkNickname, formatTimestamp } from "./fields.js";
import { ordinaryText } from "./json-envelope.js";
import { withDigest } from "./json-record.js";
import type { DigestName, EncodeRecordOptions } from "./types.js";

const uuidLength = 36;

/**
 * The record of an entry as it was when this was made, with a copy of its data: what becomes of the data
 * afterwards does not matter. The bytes are made when somebody asks for them, which a pool in this process's
 * memory need never do. From {@link snapshotRecord}.
 */
export class RecordSnapshot {
  readonly globalId: GlobalId;
  readonly #scopes: readonly string[];
  readonly #evolution: number | undefined;
  readonly #nickname: string | undefined;
  readonly #data: unknown;
  readonly #recorder: GlobalId | null;
  readonly #timestamp: string;
  readonly #digest: DigestName | undefined;

  private constructor(
    entry: Entry,
    data: unknown,
    { recorder = null, timestamp, digest }: EncodeRecordOptions,
  ) {
    checkId("recorder", recorder);
    checkNickname(entry);
    this.globalId = entry.globalId;
    this.#scopes = entry.scopes;
    this.#evolution = entry.evolution;
    this.#nickname = entry.nickname;
    this.#data = data;
    this.#recorder = recorder;
    this.#timestamp = formatTimestamp(timestamp);
    this.#digest = digest;
  }

  /** `data` is an exact copy of the entry's. Undefined when its record is out of the ordinary. INVALID_ARGUMENT. */
  static of(entry: Entry, data: unknown, options: EncodeRecordOptions): RecordSnapshot | undefined {
    const { borrower = null, extra, entryExtra } = options;
    if (extra || entryExtra || borrower !== null) return undefined;
    // Its constructor has checked the uuid and the scopes.
    if (!(entry instanceof Entry) || entry.scopes.length !== 1) return undefined;
    return new RecordSnapshot(entry, data, options);
  }

  /** The record: the same bytes at every call, each time the caller's own. TOO_LARGE. */
  toBytes(): Uint8Array<ArrayBuffer> {
    try {
      const text = ordinaryText({
        uuid: this.#uuid(),
        evolution: this.#evolution,
        scope: this.#scopes[0] as string,
        nickname: this.#nickname,
        payload: toJsonText(this.#data),
        recorder: this.#recorder,
        timestamp: this.#timestamp,
      });
      return withDigest(text, this.#digest);
    } catch (cause) {
      throw tooLarge(this.globalId, cause);
    }
  }

  /** The entry, with data of its own at every call: what `decodeRecord` of the bytes would give. */
  toEntry(): Entry {
    const parts = {
      uuid: this.#uuid(),
      scopes: this.#scopes,
      evolution: this.#evolution,
      nickname: this.#nickname,
      data: copyAgain(this.#data),
    };
    return new Entry(parts, this.globalId);
  }

  #uuid(): string {
    const before = `LAILA:${this.#scopes[0]}:GLOBAL_ID:`.length;
    return this.globalId.slice(before, before + uuidLength);
  }
}

/** For what strings and buffers have no room for. */
export function tooLarge(globalId: GlobalId, cause: unknown): LailaError {
  return new LailaError(
    "TOO_LARGE",
    `The data of ${globalId} is more than this runtime can put into one record. Split it into several entries.`,
    { cause },
  );
}
