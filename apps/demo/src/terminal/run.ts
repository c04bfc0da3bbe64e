import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { failureOf, ToldFailure } from "../failure.js";
import { findS3, type Secrets, secretsToml } from "../s3.js";
import { type BucketFacts, searchSecrets } from "./bucket.js";
import type { FirstFacts, SecondFacts } from "./facts.js";
import { runHalf } from "./half.js";
import { holds, say, show, step } from "./story.js";
import { manifestNickname } from "./things.js";

export interface StoryOptions {
  /** One JSON object with the facts, and nothing else. */
  readonly json: boolean;
  readonly endpoint: string | undefined;
}

/** Tells the main job in two processes; gives the exit code. */
export async function tellStory(options: StoryOptions): Promise<number> {
  try {
    return (await tell(options, stopped())) ? 0 : 1;
  } catch (error) {
    const failure = failureOf(error);
    if (options.json) console.log(JSON.stringify({ ok: false, error: failure }, null, 2));
    else console.error(`\n${failure.code}: ${failure.message}`);
    return 1;
  }
}

/** Aborted by Ctrl-C: the folder with the secrets must not outlive the story. */
function stopped(): AbortSignal {
  const stop = new AbortController();
  const reason = new ToldFailure({ code: "ABORTED", message: "The story was stopped." });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort(reason));
  return stop.signal;
}

/** True when everything that was to be shown holds. */
async function tell({ json, endpoint }: StoryOptions, signal: AbortSignal): Promise<boolean> {
  const { secrets, close } = await findS3(endpoint);
  const folder = await mkdtemp(join(tmpdir(), "laila-demo-"));
  try {
    await writeFile(join(folder, "secrets.toml"), secretsToml(secrets), { mode: 0o600 });
    if (!json) introduce(secrets);
    const options = { folder, quiet: json, signal };
    const first = await runHalf<FirstFacts>("first", options);
    const second = await runHalf<SecondFacts>("second", { ...options, args: [manifestNickname] });
    return conclude({ first, second, bucket: await searchSecrets(secrets), secrets, json });
  } finally {
    await rm(folder, { recursive: true, force: true });
    await close();
  }
}

function introduce(secrets: Secrets): void {
  step(0, "An S3 bucket and a secrets.toml");
  say(`${secrets.AWS_ENDPOINT ?? "AWS"}, bucket ${secrets.AWS_BUCKET_NAME}`);
  say(`the secrets file names ${Object.keys(secrets).join(", ")}`);
}

interface Told {
  readonly first: FirstFacts;
  readonly second: SecondFacts;
  readonly bucket: BucketFacts;
  readonly secrets: Secrets;
  readonly json: boolean;
}

function conclude({ first, second, bucket, secrets, json }: Told): boolean {
  const checks = {
    environmentEqual: isDeepStrictEqual(second.environment, first.environment),
    rebuiltEqual: isDeepStrictEqual(second.rebuilt, first.environment),
    equal: second.equal,
  };
  const ok =
    checks.environmentEqual &&
    checks.rebuiltEqual &&
    Object.values(second.equal).every(Boolean) &&
    bucket.objects.length > 0 &&
    bucket.secretsFound.length === 0;
  if (json) {
    const manifest = { nickname: manifestNickname, id: first.manifestId, leaves: first.leafIds };
    const { pools, environment } = second;
    console.log(JSON.stringify({ ok, ...checks, manifest, pools, bucket, environment }, null, 2));
    return ok;
  }
  step(9, "What lies in the bucket, as any S3 client sees it");
  for (const { name, bytes } of bucket.objects) {
    show(`${String(bytes).padStart(6)} bytes  ${decodeURIComponent(name)}`);
  }
  if (checks.environmentEqual)
    holds("the recovered environment is deeply equal to the first process's own");
  if (bucket.secretsFound.length === 0) {
    holds(
      `no secret is in any of the ${bucket.objects.length} objects, their names or headers: not plain, base64, hex or URL-encoded`,
    );
  }
  if (secrets.AWS_PREFIX)
    say(`It stays there, below ${secrets.AWS_PREFIX}: delete it when you have seen enough.`);
  const { secretsFound } = bucket;
  say(
    ok
      ? "Done."
      : `This is not as it should be: ${JSON.stringify({ ...checks, secretsFound }, null, 2)}`,
  );
  return ok;
}
