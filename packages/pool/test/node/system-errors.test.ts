import { readFile } from "node:fs/promises";
import { LailaError } from "@laila/pool";
import { systemCode, systemErrorCode } from "@laila/pool/node";
import { expect, it } from "vitest";

const failed = (path: string) => readFile(path).catch((error: unknown) => error);

it("says what a failed system call means", async () => {
  expect(systemErrorCode(await failed("/nowhere/at/all"))).toBe("NO_SUCH_STORE");
  expect(systemErrorCode(await failed("/dev/null/below"))).toBe("NO_SUCH_STORE");
  expect(systemErrorCode({ code: "EDQUOT" })).toBe("NO_SPACE");
  expect(systemErrorCode({ code: "EROFS" })).toBe("ACCESS_DENIED");
  expect(systemCode(await failed("/nowhere/at/all"))).toBe("ENOENT");
});

it.each([undefined, null, "ENOENT", new Error("x"), { code: 2 }, { code: "EIO" }])(
  "says nothing of %j",
  (error) => {
    expect(systemErrorCode(error)).toBeUndefined();
  },
);

it("takes no code of LAILA's for the system's", () => {
  expect(systemErrorCode(new LailaError("CORRUPT", "It is."))).toBeUndefined();
});
