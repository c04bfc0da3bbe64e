import type { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { retryBusyReads } from "./busy-reads.js";
import { cachedStackClient, optionsOf } from "./cached-stack.js";
import { originOf } from "./config.js";
import { Retries, tellSignals } from "./retries.js";
import { signAgain } from "./sign-again.js";

const defaultRegion = "us-east-1";
const maxAttempts = 3;
/** A name that the SDK's retries don't know. */
const connectTimeout = "ConnectTimeoutError";

/** Where a client goes, and as whom. */
export interface ClientSettings {
  readonly regionName?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestChecksumCalculation: "WHEN_SUPPORTED" | "WHEN_REQUIRED";
}

/**
 * The SDK's client with every setting that would otherwise be read from this machine's environment or
 * profile, except (without keys) the credentials themselves. `slow` is called whenever the server asks to slow
 * down, also where the SDK then tries again by itself.
 */
export function createClient(config: ClientSettings, slow: () => void = () => undefined): S3Client {
  const { accessKeyId, secretAccessKey, sessionToken, maxConnections } = config;
  const endpoint = originOf(config.endpoint);
  const agent = { keepAlive: true, maxSockets: maxConnections };
  const client = cachedStackClient({
    region: config.regionName ?? defaultRegion,
    ...(accessKeyId !== undefined && secretAccessKey !== undefined
      ? {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }
      : {}),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // AWS_ENDPOINT_URL must not send credentials where the configuration does not say.
    ignoreConfiguredEndpointUrls: true,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    // A redirect names its region in the error; following it would trust the server.
    followRegionRedirects: false,
    useArnRegion: false,
    maxAttempts,
    retryMode: "standard",
    retryStrategy: new Retries(maxAttempts),
    requestChecksumCalculation: config.requestChecksumCalculation,
    // A server that refuses to be sent checksums refuses to be asked for them.
    responseChecksumValidation: config.requestChecksumCalculation,
    // With the header, bodies from 2 MiB up wait on a connection of their own, outside the limit.
    expectContinueHeader: false,
    requestHandler: new Handler(
      {
        connectionTimeout: config.connectTimeoutMs,
        requestTimeout: config.requestTimeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: config.requestTimeoutMs,
        httpAgent: agent,
        httpsAgent: agent,
      },
      slow,
    ),
  });
  return signAgain(tellSignals(retryBusyReads(client)));
}

/**
 * Sees every attempt. The SDK tries again after a connection that was not made in time, and three times that
 * long is too long to learn that an endpoint is wrong: the system has repeated its own attempts all the while.
 */
class Handler extends NodeHttpHandler {
  readonly #slow: () => void;

  constructor(options: ConstructorParameters<typeof NodeHttpHandler>[0], slow: () => void) {
    super(options);
    this.#slow = slow;
  }

  override async handle(
    request: Parameters<NodeHttpHandler["handle"]>[0],
    options?: Parameters<NodeHttpHandler["handle"]>[1],
  ): ReturnType<NodeHttpHandler["handle"]> {
    try {
      const answer = await super.handle(request, optionsOf(request, options));
      const { statusCode } = answer.response;
      if (statusCode === 503 || statusCode === 429) this.#slow();
      return answer;
    } catch (error) {
      const late =
        error instanceof Error && error.message.includes("did not establish a connection");
      if (late) error.name = connectTimeout;
      throw error;
    }
  }
}

/** True where requests go to AWS itself, whose conditional writes need no proof. */
export function isAws(client: S3Client): boolean {
  return client.config.isCustomEndpoint !== true && client.config.endpoint === undefined;
}
