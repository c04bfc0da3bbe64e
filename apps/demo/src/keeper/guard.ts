import { hostname, networkInterfaces } from "node:os";
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import { isSameSecret } from "../same-secret.js";

/** What the page may do: nothing but what this server gives it. */
export const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "blob:", "data:"],
    connectSrc: ["'self'"],
    workerSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: "no-referrer",
  xFrameOptions: "DENY",
  crossOriginOpenerPolicy: "same-origin",
  crossOriginResourcePolicy: "same-origin",
  // It is plain http on this machine.
  strictTransportSecurity: false,
});

const methods: readonly string[] = ["GET", "POST", "PUT", "DELETE"];

interface Guard {
  readonly token: string;
  /** Where the server listens. */
  readonly host: string;
  readonly port: number;
}

/**
 * Lets in who knows the token, from a page of this very server. The address with the token is opened once;
 * then a cookie has it, which no script can read and no other site can send.
 */
export function guard({ token, host, port }: Guard) {
  // Cookies know no ports: two demos on one machine must not take each other's.
  const cookie = `laila-demo-${port}`;
  const hosts = new Set(namesOf(host).map((name) => `${inUrl(name)}:${port}`));
  // Browsers leave out what goes without saying.
  if (port === 80) for (const name of namesOf(host)) hosts.add(inUrl(name));

  return createMiddleware(async (c, next) => {
    // A name of elsewhere that leads to this machine (DNS rebinding) is none of ours.
    const called = c.req.header("host") ?? "";
    if (!hosts.has(called.toLowerCase()))
      return c.text(
        "This server is not called so. Open the address that the demo has printed.",
        403,
      );

    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site");
    const isForeign =
      (origin !== undefined && origin !== `http://${called}`) ||
      (site !== undefined && site !== "same-origin" && site !== "none");
    if (isForeign) return c.text("Requests of other sites are refused.", 403);

    // Of an answer to HEAD nobody would read the body, nor end what it is read from.
    if (!methods.includes(c.req.method))
      return c.text("Nothing here is asked for like this.", 405, { allow: methods.join(", ") });

    const given = c.req.query("token");
    if (c.req.method === "GET" && c.req.path === "/" && isSameSecret(given, token)) {
      setCookie(c, cookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      return c.redirect("/");
    }
    if (!isSameSecret(getCookie(c, cookie), token))
      return c.text("Open the address that the demo has printed: it has a token in it.", 401);
    await next();
  });
}

/** Every address of this machine. */
const everywhere: readonly string[] = ["0.0.0.0", "::"];

/** How a server that listens there may be called. */
function namesOf(host: string): string[] {
  const names = ["127.0.0.1", "localhost", "::1", host.toLowerCase()];
  if (!everywhere.includes(host)) return names;
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return [...names, hostname().toLowerCase(), ...addresses.map(({ address }) => address)];
}

/** The address to open for one who sits at this machine. */
export function addressOf({ host, port, token }: Guard): string {
  const name = everywhere.includes(host) ? "127.0.0.1" : inUrl(host);
  return `http://${name}:${port}/?token=${token}`;
}

/** A host as it stands in an address. */
function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
