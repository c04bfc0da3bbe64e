import type { FaultHook, FaultRequest, RequestLogEntry, S3Server } from "@laila-tooling/s3-server";

/** What some work has asked of a server. */
export interface RoundTrips {
  /** The requests, as `GET`, `PUT` …, in the order in which they came. */
  readonly methods: readonly string[];
  /** How many of them had to wait for one another: the longest chain. */
  readonly inSequence: number;
}

/** Long enough that requests which are sent together are seen together. */
const delayMs = 150;

/**
 * Counts, at the server, the round trips of some work: a request that comes while another one has no answer
 * does not wait for it. `meanwhile` is called with each request and waited for, before it is looked at.
 */
export async function roundTrips(
  server: S3Server,
  work: () => Promise<unknown>,
  meanwhile: (request: FaultRequest) => unknown = () => undefined,
): Promise<RoundTrips> {
  server.clearRequests();
  const depths = new Map<RequestLogEntry, number>();
  const hook: FaultHook = async (request) => {
    let depth = 0;
    for (const [entry, itsDepth] of depths)
      if (entry.status !== 0) depth = Math.max(depth, itsDepth);
    depths.set(server.requests.at(-1) as RequestLogEntry, depth + 1);
    await meanwhile(request);
    return { delayMs };
  };
  server.fault(hook);
  try {
    await work();
  } finally {
    server.fault(undefined);
  }
  return {
    methods: [...depths.keys()].map(({ method }) => method),
    inSequence: Math.max(0, ...depths.values()),
  };
}
