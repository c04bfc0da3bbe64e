import { copyAgain } from "../codecs/json-exact.js";
import { Entry } from "../entry.js";
import { LailaError } from "../errors.js";
import type { GlobalId } from "../global-id.js";
import { toJsonText } from "../json-text.js";
import {
  decodePayload,
  type EncodedPayload,
  encodeBinaryRecord,
  gathered,
} from "./binary-record.js";
import { checkId, checkNickname, formatTimestamp } from "./fields.js";
import { ordinaryText } from "./json-envelope.js";
import { withDigest } from "./json-record.js";
import type { DigestName, EncodeRecordOptions } from "./types.js";

const uuidLength = 36;

/** How the payload of a binary record is to be read. */
type BinaryForm = Omit<EncodedPayload, "parts">;

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
  /** A copy of the data; of a binary record, of its payload. */
  readonly #copy: unknown;
  readonly #binary: BinaryForm | undefined;
  readonly #recorder: GlobalId | null;
  readonly #timestamp: string;
  readonly #digest: DigestName | undefined;

  private constructor(
    entry: Entry,
    copy: unknown,
    binary: BinaryForm | undefined,
    { recorder = null, timestamp, digest }: EncodeRecordOptions,
  ) {
    checkId("recorder", recorder);
    checkNickname(entry);
    this.globalId = entry.globalId;
    this.#scopes = entry.scopes;
    this.#evolution = entry.evolution;
    this.#nickname = entry.nickname;
    this.#copy = copy;
    this.#binary = binary;
    this.#recorder = recorder;
    this.#timestamp = formatTimestamp(timestamp);
    this.#digest = digest;
  }

  /** `data` is an exact copy of the entry's. Undefined when its record is out of the ordinary. INVALID_ARGUMENT. */
  static ofJson(
    entry: Entry,
    data: unknown,
    options: EncodeRecordOptions,
  ): RecordSnapshot | undefined {
    return isOrdinary(entry, options)
      ? new RecordSnapshot(entry, data, undefined, options)
      : undefined;
  }

  /** The parts are copied. Undefined when its record is out of the ordinary. INVALID_ARGUMENT. */
  static ofPayload(
    entry: Entry,
    { codec, type, parts }: EncodedPayload,
    options: EncodeRecordOptions,
  ): RecordSnapshot | undefined {
    if (!isOrdinary(entry, options)) return undefined;
    return new RecordSnapshot(entry, gathered(parts), { codec, type }, options);
  }

  /** The record: the same bytes at every call, each time the caller's own. TOO_LARGE. */
  toBytes(): Uint8Array<ArrayBuffer> {
    try {
      return this.#binary ? this.#binaryRecord(this.#binary) : this.#jsonRecord();
    } catch (cause) {
      throw cause instanceof RangeError ? tooLarge(this.globalId, cause) : cause;
    }
  }

  /** The entry, with data of its own at every call: what `decodeRecord` of the bytes would give. */
  toEntry(): Entry {
    if (!this.#binary) return this.#entryOf(copyAgain(this.#copy));
    const { codec, type } = this.#binary;
    const payload = gathered([this.#copy as Uint8Array]);
    return this.#entryOf(decodePayload(codec, type, payload, undefined));
  }

  #jsonRecord(): Uint8Array<ArrayBuffer> {
    const text = ordinaryText({
      uuid: this.#uuid(),
      evolution: this.#evolution,
      scope: this.#scopes[0] as string,
      nickname: this.#nickname,
      payload: toJsonText(this.#copy),
      recorder: this.#recorder,
      timestamp: this.#timestamp,
    });
    return withDigest(text, this.#digest);
  }

  #binaryRecord(form: BinaryForm): Uint8Array<ArrayBuffer> {
    const payload = { ...form, parts: [this.#copy as Uint8Array] };
    return encodeBinaryRecord(this.#entryOf(undefined), payload, {
      recorder: this.#recorder,
      timestamp: new Date(this.#timestamp),
      digest: this.#digest,
    });
  }

  #entryOf(data: unknown): Entry {
    const parts = {
      uuid: this.#uuid(),
      scopes: this.#scopes,
      evolution: this.#evolution,
      nickname: this.#nickname,
      data,
    };
    return new Entry(parts, this.globalId);
  }

  #uuid(): string {
    const before = `LAILA:${this.#scopes[0]}:GLOBAL_ID:`.length;
    return this.globalId.slice(before, before + uuidLength);
  }
}

function isOrdinary(
  entry: Entry,
  { borrower = null, extra, entryExtra }: EncodeRecordOptions,
): boolean {
  if (extra || entryExtra || borrower !== null) return false;
  // Its constructor has checked the uuid and the scopes.
  return entry instanceof Entry && entry.scopes.length === 1;
}

/** For what strings and buffers have no room for. */
export function tooLarge(globalId: GlobalId, cause: unknown): LailaError {
  return new LailaError(
    "TOO_LARGE",
    `The data of ${globalId} is more than this runtime can put into one record. Split it into several entries.`,
    { cause },
  );
}
