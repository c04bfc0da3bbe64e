import { createCipheriv, hkdfSync, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { brotliCompressSync, constants, crc32, gunzipSync, gzipSync } from "node:zlib";
import { isLailaError, type LailaError, MemoryPool, type PoolLike, Secret } from "@laila/pool";
import { type TransformOptions, withRetry, withTransforms } from "@laila/pool/layers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect } from "../support/pair.js";
import { bytesOf, textOf } from "../support/scripted-pool.js";

const MiB = 2 ** 20;
const [k1, k2, k3] = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString("base64")) as [
  string,
  string,
  string,
];
const encrypt = (keyId = "k1", key = k1): TransformOptions => ({ encrypt: { keyId, key } });

const fastBrotli = (bytes: Buffer): Buffer =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

/** The parts of an envelope as they are stored, to be looked at or changed and put together again. */
interface Parts {
  header: { transforms: Record<string, unknown>[]; size: number; [member: string]: unknown };
  body: Buffer;
}

async function stored(inner: PoolLike, key: string): Promise<Parts> {
  const bytes = Buffer.from((await inner.read(key))?.bytes ?? []);
  const start = 24 + bytes.readUInt32LE(16);
  expect(start % 64).toBe(0);
  const header = JSON.parse(bytes.subarray(24, start).toString()) as Parts["header"];
  return { header, body: bytes.subarray(start) };
}

type ErrorCode = LailaError["code"];

/** As an attacker would: with every length and checksum right. */
function envelope({ header, body }: { header: object | string; body: Uint8Array }): Buffer {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const length = Math.ceil((24 + Buffer.byteLength(text)) / 64) * 64 - 24;
  const bytes = Buffer.alloc(24 + length + body.byteLength);
  bytes.write("LAILX\x01", "latin1");
  bytes.writeBigUInt64LE(BigInt(body.byteLength), 8);
  bytes.writeUInt32LE(length, 16);
  bytes.fill(" ", 24, 24 + length).write(text, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(24, 24 + length), crc32(bytes.subarray(0, 20))), 20);
  bytes.set(body, 24 + length);
  return bytes;
}

async function refused(pool: PoolLike, key: string, code: ErrorCode = "CORRUPT"): Promise<string> {
  const error: unknown = await pool.read(key).then(
    (found) => expect.fail(`it was read: ${textOf(found)?.slice(0, 40)}`),
    (reason: unknown) => reason,
  );
  if (!isLailaError(error, code)) throw error;
  const [one] = await collect(pool.readMany([key]));
  expect(one?.error).toMatchObject({ code });
  for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error)]) {
    for (const key of [k1, k2, k3]) expect(shown).not.toContain(key);
  }
  return error.message;
}

describe("the envelope", () => {
  it("is what the format says: compressed, then encrypted, under a key derived for this value", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ gzip: true }, encrypt()]);
    await pool.write("a/b", bytesOf("hello hello hello"));
    const { header, body } = await stored(inner, "a/b");
    const [gzip, aes] = header.transforms as Record<string, string>[];
    expect(header.size).toBe(17);
    expect(gzip).toEqual({ name: "gzip" });
    expect(aes).toEqual({
      name: "aes-256-gcm-stream",
      key_id: "k1",
      salt: expect.any(String) as string,
      commitment: expect.any(String) as string,
    });
    // Made again, from the words of the format alone.
    const derived = Buffer.from(
      hkdfSync(
        "sha256",
        Buffer.alloc(32, 1),
        Buffer.from(aes?.salt ?? "", "base64"),
        "laila/1/k1",
        64,
      ),
    );
    expect(derived.subarray(32).toString("base64")).toBe(aes?.commitment);
    const all = Buffer.from((await inner.read("a/b"))?.bytes ?? []);
    const nonce = Buffer.alloc(12);
    nonce[11] = 1;
    const cipher = createCipheriv("aes-256-gcm", derived.subarray(0, 32), nonce);
    const headerBytes = all.subarray(24, all.byteLength - body.byteLength);
    cipher.setAAD(
      Buffer.concat([all.subarray(0, 6), headerBytes, Buffer.from([0]), Buffer.from("a/b")]),
    );
    const zipped = gzipSync("hello hello hello");
    const expected = Buffer.concat([cipher.update(zipped), cipher.final(), cipher.getAuthTag()]);
    expect(body.equals(expected)).toBe(true);
  });

  it("is gzip that anything can unpack where it is not encrypted", async () => {
    const inner = new MemoryPool();
    await withTransforms(inner, [{ gzip: { level: 9 } }]).write("a", bytesOf("hello"));
    expect(gunzipSync((await stored(inner, "a")).body).toString()).toBe("hello");
  });

  it("never has the same bytes twice for the same value", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    await pool.write("a", bytesOf("same"));
    const one = await stored(inner, "a");
    await pool.write("a", bytesOf("same"));
    const two = await stored(inner, "a");
    expect(two.header.transforms[0]?.salt).not.toBe(one.header.transforms[0]?.salt);
    expect(two.body.equals(one.body)).toBe(false);
  });

  it("carries values of every length around the chunks, with every list of transforms", async () => {
    const lists: TransformOptions[][] = [
      [encrypt()],
      [{ gzip: true }, { brotli: true }, encrypt()],
      [encrypt(), { brotli: { quality: 0 } }],
    ];
    for (const transforms of lists) {
      const pool = withTransforms(new MemoryPool(), transforms);
      for (const length of [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 9 * MiB + 5]) {
        const value = randomBytes(length);
        await pool.write("a", value);
        const found = await pool.read("a");
        expect(found && Buffer.from(found.bytes).equals(value)).toBe(true);
      }
    }
  });

  it("leaves keys, listings, look-ups and conditions as they are", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    const version = await pool.write("a", bytesOf("1"), { condition: { ifAbsent: true } });
    expect((await pool.read("a"))?.version).toBe(version);
    expect(await collect(inner.keys())).toEqual(["a"]);
    await pool.write("a", bytesOf("2"), { condition: { ifVersion: version ?? "" } });
    await expect(
      pool.write("a", bytesOf("3"), { condition: { ifVersion: version ?? "" } }),
    ).rejects.toMatchObject({ code: "CONFLICT" });
    expect(textOf(await pool.read("a"))).toBe("2");
  });
});

describe("what is refused", () => {
  it("a value in clear, or with less than is configured: no downgrade", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ gzip: true }, encrypt()]);
    await inner.write("plain", bytesOf("put there by somebody else"));
    expect(await refused(pool, "plain")).toContain("without transforms");
    await withTransforms(inner, [{ gzip: true }]).write("zipped", bytesOf("x"));
    expect(await refused(pool, "zipped")).toContain("with gzip");
    await withTransforms(inner, [encrypt()]).write("unzipped", bytesOf("x"));
    await refused(pool, "unzipped");
    await withTransforms(inner, [encrypt(), { gzip: true }]).write("turned", bytesOf("x"));
    await refused(pool, "turned");
    await withTransforms(inner, [{ brotli: true }, encrypt()]).write("other", bytesOf("x"));
    await refused(pool, "other");
    await refused(withTransforms(inner, [{ gzip: true }]), "plain");
  });

  it("a header from which the encryption was taken, or to which something was added", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ gzip: true }, encrypt()]);
    await pool.write("a", bytesOf("x"));
    const { header, body } = await stored(inner, "a");
    const [gzip, aes] = header.transforms;
    for (const transforms of [[gzip], [aes], [aes, gzip], [gzip, aes, aes], [gzip, aes, gzip]]) {
      await inner.write("a", envelope({ header: { ...header, transforms }, body }));
      await refused(pool, "a");
    }
    const sized = { ...header, size: header.size + 1 };
    await inner.write("a", envelope({ header: sized, body }));
    await refused(pool, "a");
    await inner.write("a", envelope({ header: { ...header, note: "hi" }, body }));
    await refused(pool, "a");
  });

  it("a value under another key than it was written to", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    await pool.write("mine", bytesOf("balance: 1"));
    await pool.write("yours", bytesOf("balance: 1000"));
    await inner.write("mine", (await inner.read("yours"))?.bytes ?? bytesOf(""));
    await refused(pool, "mine");
    expect(textOf(await pool.read("yours"))).toBe("balance: 1000");
  });

  it("the header of one value on the body of another", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    await pool.write("a", bytesOf("one"));
    const one = await stored(inner, "a");
    await pool.write("a", bytesOf("two"));
    const two = await stored(inner, "a");
    await inner.write("a", envelope({ header: one.header, body: two.body }));
    await refused(pool, "a");
  });

  it("another key under the same key id, before a byte is decrypted", async () => {
    const inner = new MemoryPool();
    await withTransforms(inner, [encrypt("k1", k1)]).write("a", bytesOf("x"));
    expect(await refused(withTransforms(inner, [encrypt("k1", k2)]), "a")).toContain(
      "another key than the",
    );
    // A commitment that fits the wrong key does not help: it is bound like everything else.
    const { header, body } = await stored(inner, "a");
    const salt = Buffer.from(String(header.transforms[0]?.salt), "base64");
    const forged = Buffer.from(hkdfSync("sha256", Buffer.alloc(32, 2), salt, "laila/1/k1", 64));
    const commitment = forged.subarray(32).toString("base64");
    const transforms = [{ ...header.transforms[0], commitment }];
    await inner.write("a", envelope({ header: { ...header, transforms }, body }));
    await refused(withTransforms(inner, [encrypt("k1", k2)]), "a");
    await refused(withTransforms(inner, [encrypt("k1", k1)]), "a");
  });

  it("the id of one key with the value of another", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ encrypt: { keyId: "k2", key: k2, oldKeys: { k1 } } }]);
    await pool.write("a", bytesOf("x"));
    const { header, body } = await stored(inner, "a");
    const transforms = [{ ...header.transforms[0], key_id: "k1" }];
    await inner.write("a", envelope({ header: { ...header, transforms }, body }));
    await refused(pool, "a");
    transforms[0] = { ...header.transforms[0], key_id: "k9" };
    await inner.write("a", envelope({ header: { ...header, transforms }, body }));
    expect(await refused(pool, "a", "MISSING_SECRET")).toContain('"k9"');
  });

  it("what was cut: at a chunk's end, inside of one, down to nothing", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    const chunk = MiB + 16;
    const value = randomBytes(2 * MiB + 100);
    await pool.write("a", value);
    const { header, body } = await stored(inner, "a");
    for (const length of [
      2 * chunk,
      chunk,
      chunk - 1,
      chunk + 15,
      16,
      15,
      0,
      body.byteLength - 1,
    ]) {
      const kept = body.subarray(0, length);
      const size = Math.max(0, length - 16 * Math.ceil(length / chunk));
      for (const said of [header, { ...header, size }]) {
        await inner.write("a", envelope({ header: said, body: kept }));
        await refused(pool, "a");
      }
    }
    // Cut without mending the envelope: noticed before anything else.
    const whole = envelope({ header, body });
    await inner.write("a", whole.subarray(0, -1));
    await refused(pool, "a");
    await inner.write("a", Buffer.concat([whole, Buffer.from([0])]));
    await refused(pool, "a");
    await inner.write("a", whole);
    expect(Buffer.from((await pool.read("a"))?.bytes ?? []).equals(value)).toBe(true);
  });

  it("chunks in another order, repeated, left out or taken from another value", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    await pool.write("a", randomBytes(3 * MiB));
    const { header, body } = await stored(inner, "a");
    await pool.write("a", randomBytes(3 * MiB));
    const other = (await stored(inner, "a")).body;
    const part = (from: Buffer, i: number) => from.subarray(i * (MiB + 16), (i + 1) * (MiB + 16));
    const [one, two, three] = [0, 1, 2].map((i) => part(body, i)) as [Buffer, Buffer, Buffer];
    const mixtures = [
      [two, one, three],
      [one, three, two],
      [one, one, three],
      [one, two, two],
      [one, two, part(other, 2)],
      [one, three],
      [two, three],
      [one, two],
      [one, two, three, three],
    ];
    for (const chunks of mixtures) {
      const mixed = envelope({
        header: { ...header, size: chunks.length * MiB },
        body: Buffer.concat(chunks),
      });
      await inner.write("a", mixed);
      await refused(pool, "a");
      await inner.write("a", envelope({ header, body: Buffer.concat(chunks) }));
      await refused(pool, "a");
    }
    await inner.write("a", envelope({ header, body: Buffer.concat([one, two, three]) }));
    expect((await pool.read("a"))?.bytes.byteLength).toBe(3 * MiB);
  });

  it("any value with a single bit changed", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ brotli: true }, encrypt()]);
    await pool.write("a", bytesOf("not a bit of it"));
    const whole = Buffer.from((await inner.read("a"))?.bytes ?? []);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.byteLength * 8 - 1), async (bit) => {
        const changed = Buffer.from(whole);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await inner.write("a", changed);
        await expect(pool.read("a")).rejects.toSatisfy((error) =>
          isLailaError(error, "CORRUPT", "UNSUPPORTED_VERSION"),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("bombs: neither more than the envelope says, nor more than the pool allows", async () => {
    const inner = new MemoryPool();
    for (const [name, options, pack] of [
      ["gzip", { gzip: { maxBytes: MiB } }, gzipSync],
      ["brotli", { brotli: { maxBytes: MiB } }, fastBrotli],
    ] as const) {
      const pool = withTransforms(inner, [options]);
      const bomb = (length: number, size: number) =>
        envelope({ header: { transforms: [{ name }], size }, body: pack(Buffer.alloc(length)) });
      await inner.write("a", bomb(16 * MiB, 1000));
      expect(await refused(pool, "a")).toContain("unpacks to more than it says");
      await inner.write("a", bomb(16 * MiB, 16 * MiB));
      expect(await refused(pool, "a", "TOO_LARGE")).toContain("maxBytes");
      await inner.write("a", bomb(16 * MiB, MiB));
      await refused(pool, "a");
      await inner.write("a", bomb(1000, 999));
      await refused(pool, "a");
      await inner.write("a", bomb(1000, 1001));
      await refused(pool, "a");
      await inner.write("a", bomb(1, 0));
      await refused(pool, "a");
      await inner.write("a", bomb(MiB, MiB));
      expect((await pool.read("a"))?.bytes.byteLength).toBe(MiB);
    }
  });

  it("a bomb inside of another compression", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ gzip: true }, { brotli: true }]);
    const header = { transforms: [{ name: "gzip" }, { name: "brotli" }], size: 1000 };
    const body = fastBrotli(gzipSync(Buffer.alloc(16 * MiB)));
    await inner.write("a", envelope({ header, body }));
    expect(await refused(pool, "a")).toContain("unpacks to more than it says");
  });

  it("compressed data that is damaged, or has something behind it", async () => {
    const inner = new MemoryPool();
    const header = { transforms: [{ name: "gzip" }], size: 5 };
    const zipped = gzipSync("hello");
    const pool = withTransforms(inner, [{ gzip: true }]);
    for (const body of [
      Buffer.alloc(0),
      zipped.subarray(0, -1),
      Buffer.concat([zipped, Buffer.alloc(4)]),
      Buffer.concat([zipped, Buffer.from("x")]),
    ]) {
      await inner.write("a", envelope({ header, body }));
      await refused(pool, "a");
    }
    const brotli = withTransforms(inner, [{ brotli: true }]);
    const body = Buffer.concat([brotliCompressSync("hello"), Buffer.from("x")]);
    await inner.write(
      "a",
      envelope({ header: { ...header, transforms: [{ name: "brotli" }] }, body }),
    );
    await refused(brotli, "a");
  });

  it("malformed headers, of whatever kind", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [encrypt()]);
    await pool.write("a", bytesOf("x"));
    const { header, body } = await stored(inner, "a");
    const [aes] = header.transforms;
    const malformed: (object | string)[] = [
      "",
      "null",
      "[]",
      "{",
      '{"transforms":[],"size":1}',
      '{"transforms":[{"name":"gzip"}],"size":1,"size":2}',
      '{"transforms":[{"name":"gzip"}],"size":1,"__proto__":{}}',
      { size: 1 },
      { transforms: "gzip", size: 1 },
      { transforms: [{ name: 1 }], size: 1 },
      { transforms: new Array(5).fill(aes), size: 1 },
      ...[-1, 0.5, "1", null, 2 ** 60].map((size) => ({ ...header, size })),
      ...["", "!", 1, undefined, Buffer.alloc(31).toString("base64")].map((salt) => ({
        ...header,
        transforms: [{ ...aes, salt }],
      })),
      ...["", Buffer.alloc(33).toString("base64")].map((commitment) => ({
        ...header,
        transforms: [{ ...aes, commitment }],
      })),
      ...["", "k 1", "x".repeat(65), 1].map((key_id) => ({
        ...header,
        transforms: [{ ...aes, key_id }],
      })),
      `${" ".repeat(1000)}${"[".repeat(50_000)}`,
    ];
    for (const one of malformed) {
      await inner.write("a", envelope({ header: one, body }));
      await refused(pool, "a");
    }
    await inner.write("a", bytesOf("LAILX"));
    await refused(pool, "a");
    const long = envelope({ header, body });
    long.writeUInt32LE(2 ** 31, 16);
    await inner.write("a", long);
    await refused(pool, "a");
  });

  it("what a later version wrote", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(inner, [{ gzip: true }]);
    const header = { transforms: [{ name: "gzip" }], size: 1 };
    const body = gzipSync("x");
    await inner.write("a", envelope({ header: { ...header, requires: ["dictionary"] }, body }));
    expect(await refused(pool, "a", "UNSUPPORTED_VERSION")).toContain("dictionary");
    const later = envelope({ header, body });
    later[5] = 2;
    await inner.write("a", later);
    await refused(pool, "a", "UNSUPPORTED_VERSION");
    const flagged = envelope({ header, body });
    flagged[6] = 1;
    const headerLength = flagged.readUInt32LE(16);
    const crc = crc32(flagged.subarray(24, 24 + headerLength), crc32(flagged.subarray(0, 20)));
    flagged.writeUInt32LE(crc, 20);
    await inner.write("a", flagged);
    await refused(pool, "a", "UNSUPPORTED_VERSION");
    // What it need not understand is no obstacle.
    await inner.write("a", envelope({ header: { ...header, requires: [], note: "later" }, body }));
    expect(textOf(await pool.read("a"))).toBe("x");
  });
});

describe("the rotation of keys", () => {
  it("reads with old keys and writes with the new", async () => {
    const inner = new MemoryPool();
    await withTransforms(inner, [encrypt("k1", k1)]).write("a", bytesOf("first"));
    await withTransforms(inner, [encrypt("k2", k2)]).write("b", bytesOf("second"));
    const pool = withTransforms(inner, [
      { encrypt: { keyId: "k3", key: k3, oldKeys: { k1, k2: new Secret(k2, "K2") } } },
    ]);
    expect(textOf(await pool.read("a"))).toBe("first");
    expect(textOf(await pool.read("b"))).toBe("second");
    await pool.write("a", bytesOf("again"));
    expect((await stored(inner, "a")).header.transforms[0]?.key_id).toBe("k3");
    const after = withTransforms(inner, [encrypt("k3", k3)]);
    expect(textOf(await after.read("a"))).toBe("again");
    expect(await refused(after, "b", "MISSING_SECRET")).toContain("oldKeys");
  });

  it("takes keys of 32 bytes in base64, base64url or hex, and nothing else", async () => {
    const inner = new MemoryPool();
    const bytes = Buffer.alloc(32, 251);
    await withTransforms(inner, [encrypt("k", bytes.toString("base64"))]).write("a", bytesOf("x"));
    for (const form of [bytes.toString("hex"), bytes.toString("base64url")]) {
      expect(textOf(await withTransforms(inner, [encrypt("k", form)]).read("a"))).toBe("x");
    }
    const wrong = ["", "password", Buffer.alloc(31).toString("base64"), "g".repeat(64), `${k1} `];
    for (const key of wrong) {
      try {
        withTransforms(inner, [encrypt("k", key)]);
        expect.fail("it was taken");
      } catch (error) {
        expect(error).toMatchObject({ code: "INVALID_CONFIG" });
        if (key !== "") expect(inspect(error, { depth: 9 })).not.toContain(key);
      }
    }
  });

  it("refuses a list of transforms, a key id or old keys that make no sense", () => {
    const wrong: readonly (readonly unknown[])[] = [
      [],
      [{ gzip: true }, { gzip: true }],
      [{ zip: true }],
      [{ gzip: true, brotli: true }],
      [{}],
      [undefined],
      [{ gzip: { level: 0 } }],
      [{ gzip: { nickname: "x" } }],
      [encrypt("k 1")],
      [encrypt("")],
      [{ encrypt: { keyId: "k1", key: k1, oldKeys: { k1 } } }],
      [{ encrypt: { keyId: "k1", key: k1, oldKeys: { k0: "short" } } }],
      [{ encrypt: { keyId: "k1", key: k1, oldKeys: { k0: "" } } }],
      [{ encrypt: { keyId: "k1", key: k1, oldKeys: { "a b": k2 } } }],
      [{ encrypt: { keyId: "k1" } }],
    ];
    for (const transforms of wrong) {
      expect(() => withTransforms(new MemoryPool(), transforms as TransformOptions[])).toThrow(
        expect.objectContaining({ code: "INVALID_CONFIG" }),
      );
    }
  });
});

describe("allowPlain", () => {
  it("reads what lacks the transforms that say so, and writes with all of them", async () => {
    const inner = new MemoryPool();
    await inner.write("plain", bytesOf("old"));
    await withTransforms(inner, [{ gzip: true }]).write("zipped", bytesOf("less old"));
    const options = { keyId: "k1", key: k1, allowPlain: true };
    const half = withTransforms(inner, [{ gzip: true }, { encrypt: options }]);
    expect(textOf(await half.read("zipped"))).toBe("less old");
    await refused(half, "plain");
    const pool = withTransforms(inner, [{ gzip: { allowPlain: true } }, { encrypt: options }]);
    expect(textOf(await pool.read("zipped"))).toBe("less old");
    expect(textOf(await pool.read("plain"))).toBe("old");
    const [read] = await collect(pool.readMany(["plain"]));
    expect(textOf(read?.result)).toBe("old");
    await pool.write("plain", bytesOf("new"));
    const strict = withTransforms(inner, [{ gzip: true }, encrypt()]);
    expect(textOf(await strict.read("plain"))).toBe("new");
    // What claims to be encrypted must be.
    const { header, body } = await stored(inner, "plain");
    body[0] = (body[0] ?? 0) ^ 1;
    await inner.write("plain", envelope({ header, body }));
    await refused(pool, "plain");
  });
});

describe("sizes", () => {
  it("says the longest value that fits, whatever it is, and refuses one byte more", async () => {
    for (const transforms of [
      [encrypt()],
      [{ gzip: true }],
      [{ gzip: true }, { brotli: true }, encrypt()],
    ] as const) {
      const pool = withTransforms(new MemoryPool({ maxBytes: 3_000_000 }), transforms);
      const { maxValueBytes } = pool.supports;
      expect(maxValueBytes).toBeGreaterThan(2_600_000);
      const value = randomBytes(maxValueBytes);
      await pool.write("a", value);
      expect(Buffer.from((await pool.read("a"))?.bytes ?? []).equals(value)).toBe(true);
      await expect(pool.write("a", randomBytes(maxValueBytes + 1))).rejects.toMatchObject({
        code: "TOO_LARGE",
      });
    }
  });

  it("takes nothing that it would not unpack again", () => {
    const pool = withTransforms(new MemoryPool(), [{ gzip: { maxBytes: 1000 } }]);
    expect(pool.supports.maxValueBytes).toBe(1000);
  });

  it("has no room in a pool that is too small for an envelope", () => {
    const pool = withTransforms(new MemoryPool({ maxBytes: 100 }), [encrypt()]);
    expect(pool.supports.maxValueBytes).toBe(0);
  });
});

describe("transforms on transforms", () => {
  it("are one envelope, and given as one list", () => {
    const pool = withTransforms(new MemoryPool(), [{ gzip: true }]);
    expect(() => withTransforms(pool, [encrypt()])).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("are two envelopes with another layer between them", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(withRetry(withTransforms(inner, [encrypt()])), [{ gzip: true }]);
    await pool.write("a", bytesOf("x"));
    expect(textOf(await pool.read("a"))).toBe("x");
    expect((await stored(inner, "a")).header.transforms).toHaveLength(1);
  });
});
