import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, expect, test } from "vitest";
import { guard } from "../src/keeper/guard.js";
import { startDemo } from "./server.js";

const demo = await startDemo();
afterAll(() => demo.stop());
const everything = ["/", "/assets/none.js", "/api/life", "/api/setup", "/api/events"];

test("without the token nothing is answered, not even that it is there", async () => {
  for (const path of everything) {
    for (const cookie of ["", "laila-demo=x", demo.cookie.slice(0, -1), `${demo.cookie}x`]) {
      const { status, text } = await demo.ask(path, { headers: { cookie } });
      expect(status, path).toBe(401);
      expect(text).not.toContain(demo.token);
    }
  }
  for (const token of ["", "x", demo.token.slice(1)]) {
    const { status, headers } = await demo.ask(`/?token=${token}`, { headers: { cookie: "" } });
    expect(status).toBe(401);
    expect(headers["set-cookie"]).toBeUndefined();
  }
  // Only the page's own address takes it: no request of the API has it in a log or a referrer.
  const { status } = await demo.ask(`/api/life?token=${demo.token}`, { headers: { cookie: "" } });
  expect(status).toBe(401);
});

test("the address with the token gives a cookie that no script reads and no other site sends", async () => {
  const { status, headers } = await demo.ask(`/?token=${demo.token}`, { headers: { cookie: "" } });
  expect(status).toBe(302);
  expect(headers.location).toBe("/");
  const [cookie = ""] = headers["set-cookie"] ?? [];
  expect(cookie).toContain(`laila-demo-${demo.url.port}=`);
  expect(cookie).toContain("HttpOnly");
  expect(cookie).toContain("SameSite=Strict");
});

test("requests of other sites are refused, reads among them", async () => {
  const { origin, port } = demo.url;
  const foreign = [
    { origin: "https://example.org" },
    { origin: "null" },
    { origin: `http://127.0.0.1:${Number(port) + 1}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { host: "example.org" },
    { host: `example.org:${port}` },
    { host: `127.0.0.1:${Number(port) + 1}` },
  ];
  for (const path of [...everything, `/?token=${demo.token}`]) {
    for (const headers of foreign) {
      const { status } = await demo.ask(path, { headers });
      expect(status, `${path} ${JSON.stringify(headers)}`).toBe(403);
    }
  }
  const headers = { origin: "https://example.org" };
  const kill = await demo.ask("/api/life/kill", { body: { deleteFiles: true }, headers });
  expect(kill.status).toBe(403);
  expect((await demo.life()).state).toBe("running");

  const own = { origin, "sec-fetch-site": "same-origin", host: `localhost:${port}` };
  expect(
    (await demo.ask("/api/life", { headers: { ...own, origin: `http://${own.host}` } })).status,
  ).toBe(200);
});

test("what the page never asks like this is refused, and leaves nothing open", async () => {
  const pool = await demo.pool("bucket");
  const keys = `/api/pools/${pool}/keys`;
  for (const method of ["HEAD", "OPTIONS", "PATCH"]) {
    for (const path of ["/", "/api/life", "/api/events", keys]) {
      const { status, headers } = await demo.ask(path, { method });
      expect([status, headers.allow], `${method} ${path}`).toEqual([405, "GET, POST, PUT, DELETE"]);
    }
  }
});

test("on the port that browsers leave out of a name it is called without", async () => {
  const app = new Hono().use(guard({ token: "t", host: "127.0.0.1", port: 80 }));
  for (const [host, status] of [
    ["127.0.0.1", 302],
    ["localhost:80", 302],
    ["example.org", 403],
  ] as const) {
    const answer = await app.request("http://127.0.0.1/?token=t", { headers: { host } });
    expect(answer.status, host).toBe(status);
  }
});

test("every answer says what the page may do, which is little", async () => {
  for (const path of ["/", "/api/life", "/api/setup", "/none", "/api/none"]) {
    const { headers } = await demo.ask(path);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

test("the page is served, and nothing beside it", async () => {
  const { text, headers } = await demo.ask("/");
  expect(headers["content-type"]).toContain("text/html");
  const [script = ""] = /assets\/[^"]+\.js/.exec(text) ?? [];
  const { status, headers: its } = await demo.ask(`/${script}`);
  expect(status).toBe(200);
  expect(its["content-type"]).toContain("javascript");
  for (const path of ["/../main.js", "/%2e%2e/main.js", "/assets/..%2f..%2fmain.js", "/setup.js"])
    expect((await demo.ask(path)).status, path).toBe(404);
});

test("the secrets are for their owner's eyes", async () => {
  const { folder } = await demo.life();
  expect((await stat(join(folder, "secrets.toml"))).mode & 0o777).toBe(0o600);
});

test("another host has to be asked for; a folder of the caller's own stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "laila-demo-host-"));
  const open = await startDemo("--host", "0.0.0.0", "--folder", folder);
  try {
    expect((await open.ask("/api/life")).status).toBe(200);
    expect((await open.ask("/api/life", { headers: { host: "example.org" } })).status).toBe(403);
    const host = `${hostname().toLowerCase()}:${open.url.port}`;
    expect((await open.ask("/api/life", { headers: { host } })).status).toBe(200);
  } finally {
    await open.stop();
  }
  expect(await readdir(folder)).toContain("secrets.toml");
  expect(await readdir(folder)).toContain("data.h5");
  await rm(folder, { recursive: true });
});
