import type { Version } from "@laila/pool";

const strange = "the answer is no S3 server's";

/** As if the server had said so itself: what answers like this has stored nothing, and has nothing to read. */
export function notS3(): Error {
  return Object.assign(new Error(strange), { name: "NotAnS3Answer" });
}

/** Every S3 server gives one for what it stored. */
export function etagOf({ ETag }: { readonly ETag?: string | undefined }): Version {
  if (ETag === undefined || ETag === "") throw notS3();
  return ETag;
}

/** A name as listings with `encoding-type=url` give it. One that does not decode is none of ours. */
export function decodeListed(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}
