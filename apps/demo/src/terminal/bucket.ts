import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";

export interface BucketFacts {
  readonly objects: readonly { readonly name: string; readonly bytes: number }[];
  /** `NAME in object`, for every secret that was found. Empty is what we want. */
  readonly secretsFound: readonly string[];
}

const secretNames = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/**
 * Looks at the bucket as any S3 client sees it, not through LAILA: reads every object below the prefix,
 * name, headers and all its bytes, and searches it for every secret in four spellings.
 */
export async function searchSecrets(
  secrets: Readonly<Record<string, string | undefined>>,
): Promise<BucketFacts> {
  const client = new S3Client({
    region: secrets.AWS_REGION ?? "us-east-1",
    credentials: {
      accessKeyId: secrets.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: secrets.AWS_SECRET_ACCESS_KEY ?? "",
      ...(secrets.AWS_SESSION_TOKEN ? { sessionToken: secrets.AWS_SESSION_TOKEN } : {}),
    },
    ...(secrets.AWS_ENDPOINT ? { endpoint: secrets.AWS_ENDPOINT, forcePathStyle: true } : {}),
  });
  const bucket = { Bucket: secrets.AWS_BUCKET_NAME };
  const objects: { name: string; bytes: number }[] = [];
  const secretsFound: string[] = [];
  try {
    for await (const name of names(client, bucket, secrets.AWS_PREFIX)) {
      const object = await client.send(new GetObjectCommand({ ...bucket, Key: name }));
      const body = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      objects.push({ name, bytes: body.length });
      const seen = `${name}\n${headersOf(object)}\n${Buffer.from(body).toString("latin1")}`;
      for (const secretName of secretNames) {
        const secret = secrets[secretName];
        if (secret && spellings(secret).some((spelling) => seen.includes(spelling))) {
          secretsFound.push(`${secretName} in ${name}`);
        }
      }
    }
  } finally {
    client.destroy();
  }
  return { objects, secretsFound };
}

async function* names(
  client: S3Client,
  bucket: { Bucket: string | undefined },
  prefix: string | undefined,
): AsyncGenerator<string> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ ...bucket, Prefix: prefix, ContinuationToken: token }),
    );
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

function headersOf({ Body, $metadata, ...headers }: GetObjectCommandOutput): string {
  return JSON.stringify(headers);
}

/** A secret as it may stand in bytes: as it is, in hex, URL-encoded, in base64. */
export function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // base64 depends on where the secret begins within its group of three bytes; the inner part does not.
  const base64 = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return whole.slice(offset === 0 ? 0 : 4, -4);
  });
  return [secret, bytes.toString("hex"), encodeURIComponent(secret), ...base64];
}
