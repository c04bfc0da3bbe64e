import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { startS3Server } from "@laila-tooling/s3-server";
import { searchSecrets } from "./bucket.js";
import type { FirstFacts, SecondFacts } from "./facts.js";
import { holds, say, show, step } from "./story.js";
import { manifestNickname } from "./things.js";

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  options: {
    json: { type: "boolean", default: false },
    endpoint: { type: "string" },
    help: { type: "boolean" },
  },
});
if (flags.help) {
  console.log(`npm run demo                          on an S3 server of our own, started for the occasion
npm run demo -- --json                one JSON object with the facts
npm run demo -- --endpoint URL        on any S3 server: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
                                      AWS_BUCKET_NAME, AWS_REGION (and AWS_SESSION_TOKEN) say the rest;
                                      without --endpoint but with AWS_BUCKET_NAME, on AWS itself`);
  process.exit(0);
}

// The SDK's notice that its next releases need Node 22 is for those who choose the Node: not part of this story.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

/** Where the demo runs, as the names that `secrets.toml` will hold. */
async function credentials(): Promise<{
  secrets: Record<string, string>;
  close: () => Promise<void>;
}> {
  const {
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
    AWS_BUCKET_NAME,
    AWS_REGION,
  } = process.env;
  if (flags.endpoint === undefined && AWS_BUCKET_NAME === undefined) {
    const server = await startS3Server({ buckets: ["laila-demo"] });
    const secrets = {
      AWS_BUCKET_NAME: "laila-demo",
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      AWS_REGION: server.region,
      AWS_ENDPOINT: server.endpoint,
    };
    return { secrets, close: () => server.close() };
  }
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY || !AWS_BUCKET_NAME) {
    throw new Error(
      "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_BUCKET_NAME to run the demo on your own S3.",
    );
  }
  const secrets = {
    AWS_BUCKET_NAME,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_REGION: AWS_REGION ?? "us-east-1",
    AWS_PREFIX: `laila-demo-${Date.now()}/`,
    ...(AWS_SESSION_TOKEN ? { AWS_SESSION_TOKEN } : {}),
    ...(flags.endpoint ? { AWS_ENDPOINT: flags.endpoint } : {}),
  };
  return { secrets, close: async () => undefined };
}

function pick(...names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    names.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
  );
}

/** Runs one half of the story in a process of its own and gives the facts it reported. */
async function run<Facts>(
  half: "first" | "second",
  cwd: string,
  args: readonly string[] = [],
): Promise<Facts> {
  const child = fork(new URL(`./${half}.js`, import.meta.url), args, {
    cwd,
    // Nothing of this shell's credentials: what the child knows is in secrets.toml.
    env: {
      ...pick("PATH", "NO_COLOR", "TERM", "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"),
      LAILA_HOME: join(cwd, "home"),
    },
    stdio: ["ignore", flags.json ? "ignore" : "inherit", "inherit", "ipc"],
  });
  let facts: Facts | undefined;
  child.on("message", (message) => {
    facts = message as Facts;
  });
  const [code] = await once(child, "exit");
  if (code !== 0 || facts === undefined)
    throw new Error(`The ${half} process ended with exit code ${code}.`);
  return facts;
}

const { secrets, close } = await credentials();
const folder = await mkdtemp(join(tmpdir(), "laila-demo-"));
try {
  const toml = Object.entries(secrets).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}\n`,
  );
  await writeFile(join(folder, "secrets.toml"), toml.join(""), { mode: 0o600 });
  if (!flags.json) {
    step(0, "An S3 bucket and a secrets.toml");
    say(
      `${secrets.AWS_ENDPOINT ?? "AWS"}, bucket ${secrets.AWS_BUCKET_NAME}; the secrets file names ${Object.keys(secrets).join(", ")}`,
    );
  }
  const first = await run<FirstFacts>("first", folder);
  const second = await run<SecondFacts>("second", folder, [manifestNickname]);
  const bucket = await searchSecrets(secrets);
  const environmentEqual = isDeepStrictEqual(second.environment, first.environment);
  const rebuiltEqual = isDeepStrictEqual(second.rebuilt, first.environment);
  const ok =
    environmentEqual &&
    rebuiltEqual &&
    Object.values(second.equal).every(Boolean) &&
    bucket.secretsFound.length === 0;

  if (flags.json) {
    console.log(
      JSON.stringify(
        {
          ok,
          environmentEqual,
          rebuiltEqual,
          manifest: { nickname: manifestNickname, id: first.manifestId, leaves: first.leafIds },
          pools: second.pools,
          equal: second.equal,
          bucket,
          environment: second.environment,
        },
        null,
        2,
      ),
    );
  } else {
    step(9, "What lies in the bucket");
    for (const { key, bytes } of bucket.objects) show(`${String(bytes).padStart(6)} bytes  ${key}`);
    if (environmentEqual)
      holds("the recovered environment is deeply equal to the first process's own");
    if (bucket.secretsFound.length === 0) {
      holds(
        `no secret is in any of the ${bucket.objects.length} objects: not plain, base64, hex or URL-encoded`,
      );
    }
    if (secrets.AWS_PREFIX)
      say(`It stays there, below ${secrets.AWS_PREFIX}: delete it when you have seen enough.`);
    say(
      ok
        ? "Done."
        : `This is not as it should be: ${JSON.stringify({ environmentEqual, rebuiltEqual, equal: second.equal, secretsFound: bucket.secretsFound })}`,
    );
  }
  process.exitCode = ok ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
  await close();
}
