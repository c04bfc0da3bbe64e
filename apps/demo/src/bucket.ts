import { S3Pool } from "@laila/pool-s3";

export interface BucketFacts {
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  /** `NAME in key`, for every secret that was found. Empty is what we want. */
  readonly secretsFound: readonly string[];
}

const secretNames = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/** Reads every object below the prefix, whole, and searches it for every secret in four spellings. */
export async function searchSecrets(
  secrets: Readonly<Record<string, string>>,
): Promise<BucketFacts> {
  const pool = new S3Pool({
    bucketName: secrets.AWS_BUCKET_NAME ?? "",
    accessKeyId: secrets.AWS_ACCESS_KEY_ID,
    secretAccessKey: secrets.AWS_SECRET_ACCESS_KEY,
    regionName: secrets.AWS_REGION,
    ...(secrets.AWS_SESSION_TOKEN ? { sessionToken: secrets.AWS_SESSION_TOKEN } : {}),
    ...(secrets.AWS_ENDPOINT ? { endpoint: secrets.AWS_ENDPOINT } : {}),
    ...(secrets.AWS_PREFIX ? { prefix: secrets.AWS_PREFIX } : {}),
  });
  const objects: { key: string; bytes: number }[] = [];
  const secretsFound: string[] = [];
  for await (const key of pool.keys()) {
    const found = await pool.read(key);
    if (!found) continue;
    objects.push({ key, bytes: found.bytes.length });
    const text = Buffer.from(found.bytes).toString("latin1");
    for (const name of secretNames) {
      const secret = secrets[name];
      if (secret && spellings(secret).some((spelling) => text.includes(spelling)))
        secretsFound.push(`${name} in ${key}`);
    }
  }
  await pool.close();
  return { objects: objects.sort((a, b) => (a.key < b.key ? -1 : 1)), secretsFound };
}

function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // base64 depends on where the secret begins within its group of three bytes; the inner part does not.
  const base64 = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return whole.slice(offset === 0 ? 0 : 4, -4);
  });
  return [secret, bytes.toString("hex"), encodeURIComponent(secret), ...base64];
}
