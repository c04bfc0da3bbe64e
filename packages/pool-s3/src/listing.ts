import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import { decodeListed, notS3 } from "./answers.js";
import type { Bucket } from "./bucket.js";
import { type Deed, placedError } from "./errors.js";

export interface Listed {
  readonly name: string;
  readonly modified: Date | undefined;
}

/** One page of a listing: the raw names of objects, and the token of the next page. */
export interface Page {
  readonly objects: readonly Listed[];
  readonly next: string | undefined;
}

/** How often a page that makes no sense is asked for: a listing has no checksum that would tell. */
const attempts = 3;

/** Resolves when the bucket is there and can be listed: the cheapest request whose failures say why. */
export async function checkBucket(bucket: Bucket, prefix: string, deed: Deed): Promise<void> {
  await list(bucket, { Prefix: prefix, MaxKeys: 1 }, deed);
}

export async function listPage(
  bucket: Bucket,
  prefix: string,
  token: string | undefined,
  deed: Deed,
): Promise<Page> {
  for (let attempt = 1; ; attempt++) {
    // Encoded, because names of others' objects may hold characters that XML cannot.
    const reply = await list(
      bucket,
      { Prefix: prefix, EncodingType: "url", ContinuationToken: token },
      deed,
    );
    const page = readPage(reply);
    const fault = faultOf(page, reply, prefix, token);
    if (fault === undefined) return page;
    if (attempt === attempts) {
      const told = `was cut or changed on its way: ${fault}. Try again, or use another server.`;
      throw placedError("UNAVAILABLE", told, deed, bucket.place);
    }
  }
}

function readPage({
  Contents = [],
  EncodingType,
  IsTruncated,
  NextContinuationToken,
}: ListObjectsV2CommandOutput): Page {
  const plain = EncodingType === "url" ? decodeListed : (name: string) => name;
  const objects = Contents.map(({ Key = "", LastModified }) => ({
    name: plain(Key),
    modified: LastModified,
  }));
  return { objects, next: IsTruncated === true ? NextContinuationToken : undefined };
}

/** Why the page cannot be what the server had to say. */
function faultOf(
  { objects, next }: Page,
  { IsTruncated, KeyCount }: ListObjectsV2CommandOutput,
  prefix: string,
  token: string | undefined,
): string | undefined {
  if (IsTruncated === true && (next === undefined || next === token))
    return "the server says that there is more, and not where it goes on";
  if (KeyCount !== undefined && KeyCount !== objects.length)
    return `it has ${objects.length} names and counts ${KeyCount}`;
  if (objects.some(({ name }) => name !== "" && !name.startsWith(prefix)))
    return "it has names that were not asked for";
  return undefined;
}

function list(
  bucket: Bucket,
  input: Omit<ListObjectsV2CommandInput, "Bucket">,
  deed: Deed,
): Promise<ListObjectsV2CommandOutput> {
  return bucket.call(deed, async (client, http) => {
    const command = new ListObjectsV2Command({ Bucket: bucket.place.bucket, ...input });
    const reply = await client.send(command, http);
    // A web page reads like an empty listing; a listing says whether it is whole.
    if (reply.IsTruncated === undefined) throw notS3();
    return reply;
  });
}
