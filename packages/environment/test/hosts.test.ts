import { describe, expect, it } from "vitest";
import { refusedOrigin } from "../src/recover/hosts.js";

describe("where no document may send anything", () => {
  it.each([
    "http://example.org",
    "http://10.0.0.5:9000",
    "http://minio.internal",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://127.0.0.1.example.org",
    "http://localhost.example.org",
    "http://notlocalhost",
    "http://[::2]",
    "http://[::ffff:10.0.0.1]",
  ])("plain http to %s", (origin) => {
    expect(refusedOrigin(origin)).toBe("plain_http");
  });

  it.each([
    "http://127.0.0.1:9000",
    "http://127.8.9.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://localhost:80",
    "http://LOCALHOST.",
    "http://app.localhost",
    "http://[::1]:9000",
    "http://[::ffff:127.0.0.1]",
    "https://example.org",
    "https://10.0.0.5",
    "https://169.253.1.1",
    "https://[fec0::1]",
    "not a url",
  ])("not %s", (origin) => {
    expect(refusedOrigin(origin)).toBeUndefined();
  });

  it.each([
    "http://169.254.169.254",
    "https://169.254.169.254",
    "https://169.254.0.1:8443",
    "https://169.254.169.254.",
    "https://2852039166",
    "https://0xa9fea9fe",
    "https://0xa9.0xfe.0xa9.0xfe",
    "https://0251.0376.0251.0376",
    "https://169.16689662",
    "vault://0xa9fea9fe",
    "https://[fe80::1]",
    "https://[febf:ffff::1]",
    "https://[::ffff:169.254.169.254]",
    "https://[::ffff:a9fe:a9fe]",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[::169.254.169.254]",
    "https://[fd00:ec2::254]",
    "https://metadata.google.internal",
    "https://METADATA.google.internal.",
    "https://100.100.100.200",
    "https://[::ffff:100.100.100.200]",
    "https://①⑥⑨.254.169.254",
  ])("the link-local host %s", (origin) => {
    expect(refusedOrigin(origin)).toBe("link_local");
  });
});
