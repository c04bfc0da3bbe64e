import {
  type Algorithm,
  type Checksum,
  checksumElements,
  checksumHeader,
  digestOf,
} from "./checksums.js";
import { S3Error } from "./errors.js";
import { queryNumber, type S3Request } from "./request.js";
import { childText, malformed, parseXml } from "./xml.js";

/** A part that has been uploaded. */
export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly lastModified: number;
  readonly file: string;
}

/** An upload that is neither completed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly algorithm: Algorithm | undefined;
  readonly checksumType: Checksum["type"];
  readonly parts: Map<number, Part>;
}

const minPartBytes = 5 << 20;
const maxParts = 10_000;

interface AskedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: ReadonlyMap<string, string>;
}

/** The parts that a completion asks for, as its document lists them. */
export function parseParts(source: string): readonly AskedPart[] {
  const root = parseXml(source);
  const parts = root.children.filter(({ name }) => name === "Part");
  if (root.name !== "CompleteMultipartUpload" || parts.length === 0) throw malformed();
  return parts.map((part) => {
    const number = childText(part, "PartNumber") ?? "";
    const etag = childText(part, "ETag");
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw malformed();
    const checksums = part.children.filter(({ name }) => name.startsWith("Checksum"));
    return {
      number: Number(number),
      etag,
      checksums: new Map(checksums.map(({ name, text }) => [name, text])),
    };
  });
}

/** The uploaded parts that were asked for; refuses what does not fit them. */
export function checkParts(upload: Upload, asked: readonly AskedPart[]): readonly Part[] {
  let last = 0;
  const parts = asked.map(({ number, etag, checksums }) => {
    if (number <= last) {
      throw new S3Error("InvalidPartOrder", "The list of parts was not in ascending order.");
    }
    last = number;
    const part = upload.parts.get(number);
    const known = checksumElements(part?.checksum);
    const differs = [...checksums].some(
      ([name, value]) => known[name] !== undefined && known[name] !== value,
    );
    if (part === undefined || part.etag !== `"${etag.replaceAll('"', "")}"` || differs) {
      throw new S3Error(
        "InvalidPart",
        "One or more of the specified parts could not be found, or its entity tag or checksum does not match.",
        {
          details: { PartNumber: String(number), ETag: etag, UploadId: upload.id },
        },
      );
    }
    return part;
  });
  for (const part of parts.slice(0, -1)) {
    if (part.size < minPartBytes) {
      throw new S3Error(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size.",
        {
          details: {
            PartNumber: String(part.number),
            ProposedSize: String(part.size),
            MinSizeAllowed: String(minPartBytes),
          },
        },
      );
    }
  }
  return parts;
}

/** A checksum of the parts' checksums, with their number behind it. */
export function composite(upload: Upload, parts: readonly Part[]): Checksum | undefined {
  const { algorithm } = upload;
  if (algorithm === undefined) return undefined;
  const values = parts.map((part) => Buffer.from(part.checksum?.value ?? "", "base64"));
  const value = `${digestOf(algorithm, Buffer.concat(values))}-${parts.length}`;
  return { algorithm, value, type: "COMPOSITE" };
}

/** What the completion itself says about the whole object. */
export function checkObject(
  request: S3Request,
  checksum: Checksum | undefined,
  size: number,
): void {
  const given =
    checksum === undefined ? undefined : request.headers[checksumHeader(checksum.algorithm)];
  if (given !== undefined && given !== checksum?.value && given !== checksum?.value.split("-")[0]) {
    throw new S3Error("BadDigest", "The checksum you specified did not match the calculated one.");
  }
  const expected = request.headers["x-amz-mp-object-size"];
  if (expected !== undefined && expected !== String(size)) {
    throw new S3Error(
      "InvalidRequest",
      "The x-amz-mp-object-size you specified did not match the size of the object.",
    );
  }
}

/** How the parts' checksums become one of the object. */
export function checksumType(
  request: S3Request,
  algorithm: Algorithm | undefined,
): Checksum["type"] {
  const given = request.headers["x-amz-checksum-type"];
  const fallback = algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  if (given === undefined) return fallback;
  const whole = algorithm === "CRC32" || algorithm === "CRC32C" || algorithm === "CRC64NVME";
  if (given === "FULL_OBJECT" && whole) return given;
  if (given === "COMPOSITE" && algorithm !== undefined && algorithm !== "CRC64NVME") return given;
  throw new S3Error(
    "InvalidRequest",
    `The ${given} checksum type cannot be used with the ${algorithm ?? "null"} checksum algorithm.`,
  );
}

export function partNumber(request: S3Request): number {
  const number = queryNumber(request, "partNumber", 0);
  if (number < 1 || number > maxParts) {
    throw new S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000.");
  }
  return number;
}

/** The bytes of the source that a copied part takes. */
export function copyRange(request: S3Request, size: number): { start: number; length: number } {
  const header = request.headers["x-amz-copy-source-range"];
  if (header === undefined) return { start: 0, length: size };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw new S3Error("InvalidArgument", "x-amz-copy-source-range must be bytes=first-last.");
  }
  if (Number(last) >= size) {
    throw new S3Error(
      "InvalidArgument",
      `Range specified is not valid for source object of size: ${size}.`,
    );
  }
  return { start: Number(first), length: Number(last) - Number(first) + 1 };
}

export const noSuchUpload = (id: string): S3Error =>
  new S3Error(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { details: { UploadId: id } },
  );
