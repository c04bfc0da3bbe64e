import { constant, decodeRecord, encodeRecord, LailaError, parseJson } from "@laila/schema";
import { decodeNpy, encodeNpy, isJsonExact } from "@laila/schema/codecs";
import { bytesOf } from "./bytes.js";
import { asNdArray } from "./numbers.js";
import type { Exported, ExportRequest, Made, MakeRequest } from "./protocol.js";
import { typeOf } from "./tree.js";

/** A file as a value: JSON as what it says, .npy as its array, anything else as its bytes. */
function valueOfFile(bytes: Uint8Array<ArrayBuffer>, name: string): unknown {
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase();
  if (extension === "npy") return decodeNpy(bytes);
  if (extension !== "json") return bytes;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(
      `${name} is no UTF-8 text. Save it as UTF-8, or end its name otherwise.`,
      cause,
    );
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw unreadable(`${name} is no proper JSON. Mend it, or end its name otherwise.`, cause);
  }
}

function unreadable(message: string, cause: unknown): LailaError {
  return new LailaError("INVALID_ARGUMENT", message, { cause });
}

/** The record of a file, made where the file is: here. */
export async function make({ file, name, nickname, recorder }: MakeRequest): Promise<Made> {
  const value = valueOfFile(new Uint8Array(await file.arrayBuffer()), name);
  const entry = constant(value, nickname === "" ? {} : { nickname });
  const record = encodeRecord(entry, { recorder });
  const { codec } = decodeRecord(record, { key: entry.globalId });
  return { key: entry.globalId, type: typeOf(value), codec, record };
}

/** A value as a file for others. */
export function exported(
  value: unknown,
  record: Uint8Array<ArrayBuffer>,
  { as }: ExportRequest,
): Exported {
  if (as === "record")
    return { blob: blobOf([record], "application/octet-stream"), extension: "laila" };
  if (as === "npy") {
    const parts = encodeNpy(asNdArray(value) ?? value)?.parts;
    if (!parts)
      throw new LailaError("UNSUPPORTED", "This is no array. Download it as something else.");
    return { blob: blobOf(parts, "application/octet-stream"), extension: "npy" };
  }
  if (as === "json") {
    if (!isJsonExact(value))
      throw new LailaError(
        "UNSUPPORTED",
        "JSON cannot hold this value exactly. Download the record.",
      );
    return {
      blob: blobOf([JSON.stringify(value, null, 2)], "application/json"),
      extension: "json",
    };
  }
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : bytesOf(value);
  if (!bytes)
    throw new LailaError("UNSUPPORTED", "This is neither bytes nor text. Download the record.");
  return {
    blob: blobOf([bytes], "application/octet-stream"),
    extension: typeof value === "string" ? "txt" : "bin",
  };
}

function blobOf(parts: readonly (Uint8Array | string)[], type: string): Blob {
  return new Blob(parts as BlobPart[], { type });
}
