import { isIP } from "node:net";

/** Why no document may send anything to a URL origin, whoever else does; undefined when it may. */
export function refusedOrigin(origin: string): "plain_http" | "link_local" | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { protocol, hostname } = new URL(origin);
  const host = plainHost(hostname);
  if (isLinkLocal(host)) return "link_local";
  return protocol === "http:" && !isLoopback(host) ? "plain_http" : undefined;
}

/**
 * A host as one way of writing it: other schemes than http leave `0xa9fea9fe`, `169.254.169.254.` and
 * the like as they are, while whoever connects takes all of them for the same address.
 */
function plainHost(hostname: string): string {
  const url = `http://${hostname}`;
  const host = URL.canParse(url) ? new URL(url).hostname : hostname;
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}

/** Where clouds serve a machine's credentials under addresses and names that are not link-local by their form. */
const metadataHosts = new Set([
  "metadata.google.internal",
  "metadata",
  "instance-data",
  "instance-data.ec2.internal",
  "100.100.100.200",
  "192.0.0.192",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd20:ce::254",
]);

function isLinkLocal(host: string): boolean {
  if (metadataHosts.has(host)) return true;
  const v4 = ipv4Of(host);
  if (v4 !== undefined) return v4.startsWith("169.254.") || metadataHosts.has(v4);
  // fe80::/10
  return isIP(host) === 6 && /^fe[89ab][0-9a-f]:/.test(host);
}

function isLoopback(host: string): boolean {
  const v4 = ipv4Of(host);
  if (v4 !== undefined) return v4.startsWith("127.");
  return host === "localhost" || host.endsWith(".localhost") || host === "::1";
}

/** The IPv4 address that a host is, also inside of IPv6: mapped, compatible, and through NAT64. */
function ipv4Of(host: string): string | undefined {
  if (isIP(host) === 4) return host;
  if (isIP(host) !== 6) return undefined;
  // URLs write the last 32 bits as two groups.
  const [, high, low] =
    /^(?:::ffff:|::ffff:0:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = [high, low].map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}
