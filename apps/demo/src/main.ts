import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type BucketFacts, searchSecrets } from "./bucket.js";
import type { FirstFacts, SecondFacts } from "./facts.js";
import { failureOf, runHalf } from "./half.js";
import { findS3, readFlags, type Secrets } from "./options.js";
import { holds, say, show, step } from "./story.js";
import { manifestNickname } from "./things.js";

// The SDK's notice that its next releases need Node 22 is for those who choose the Node: not part of this story.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const flags = readFlags();
try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  const failure = failureOf(error);
  if (flags.json) console.log(JSON.stringify({ ok: false, error: failure }, null, 2));
  else console.error(`\n${failure.code}: ${failure.message}`);
  process.exitCode = 1;
}

/** True when everything that was to be shown holds. */
async function demo(): Promise<boolean> {
  const { secrets, close } = await findS3(flags.endpoint);
  const folder = await mkdtemp(join(tmpdir(), "laila-demo-"));
  try {
    await writeSecrets(join(folder, "secrets.toml"), secrets);
    const options = { cwd: folder, quiet: flags.json };
    const first = await runHalf<FirstFacts>("first", options);
    const second = await runHalf<SecondFacts>("second", { ...options, args: [manifestNickname] });
    return conclude(first, second, await searchSecrets(secrets), secrets);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await close();
  }
}

async function writeSecrets(file: string, secrets: Secrets): Promise<void> {
  const lines = Object.entries(secrets).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}\n`,
  );
  await writeFile(file, lines.join(""), { mode: 0o600 });
  if (flags.json) return;
  step(0, "An S3 bucket and a secrets.toml");
  say(`${secrets.AWS_ENDPOINT ?? "AWS"}, bucket ${secrets.AWS_BUCKET_NAME}`);
  say(`the secrets file names ${Object.keys(secrets).join(", ")}`);
}

function conclude(
  first: FirstFacts,
  second: SecondFacts,
  bucket: BucketFacts,
  secrets: Secrets,
): boolean {
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
  if (flags.json) {
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
