import { describe, expect, it } from "vitest";
import { capturePath, recoverPath } from "../src/capture/paths.js";

const places = { home: "/home/me/.laila", directory: "/home/me/project" };
const where = 'the pool "x", field file_path';
const recover = (stored: string, allowPaths: string[] = []) =>
  recoverPath(stored, places, allowPaths, where);

describe("paths in documents", () => {
  it.each([
    ["/home/me/.laila/pools/a/pool.h5", "$LAILA_HOME/pools/a/pool.h5"],
    ["/home/me/.laila", "$LAILA_HOME"],
    ["/home/me/project/data/x.h5", "data/x.h5"],
    ["/home/me/project/..data/x.h5", "..data/x.h5"],
    ["/home/me/project", "."],
    ["data/../x.h5", "x.h5"],
    ["../.laila/x.h5", "$LAILA_HOME/x.h5"],
    ["/home/me/.laila-other/x.h5", "/home/me/.laila-other/x.h5"],
    ["../elsewhere/x.h5", "/home/me/elsewhere/x.h5"],
    ["$LAILA_HOME/x.h5", "./$LAILA_HOME/x.h5"],
  ])("%s is captured as %s", (path, stored) => {
    expect(capturePath(path, places)).toBe(stored);
  });

  it("without places, relative paths stay and absolute ones stay", () => {
    expect(capturePath("a/./b", {})).toBe("a/b");
    expect(capturePath("/a/b", {})).toBe("/a/b");
  });

  it("what was captured below home or project leads back to the same file", () => {
    expect(recover("$LAILA_HOME/pools/a/pool.h5")).toBe("/home/me/.laila/pools/a/pool.h5");
    expect(recover("$LAILA_HOME")).toBe("/home/me/.laila");
    expect(recover("data/x.h5")).toBe("/home/me/project/data/x.h5");
    expect(recover("..data/x.h5")).toBe("/home/me/project/..data/x.h5");
    expect(recover("./$LAILA_HOME/x.h5")).toBe("/home/me/project/$LAILA_HOME/x.h5");
    expect(recoverPath("data/x.h5", {}, [], where)).toBe("data/x.h5");
  });

  it.each([
    "/etc/passwd",
    "../x.h5",
    "data/../../x.h5",
    "$LAILA_HOME/../.ssh/config",
    "data\\..\\..\\x.h5",
    "C:\\x.h5",
    "c:x.h5",
    "\\\\host\\share\\x.h5",
    "x\0.h5",
  ])("%j leads out: UNTRUSTED with the fix", (stored) => {
    expect(() => recover(stored)).toThrowError(
      expect.objectContaining({
        code: "UNTRUSTED",
        message: expect.stringMatching(/field file_path leads out.*allowPaths.*overrides/),
      }),
    );
  });

  it("absolute paths are taken below an allowed directory, without climbing out of it", () => {
    expect(recover("/data/a/x.h5", ["/data/a"])).toBe("/data/a/x.h5");
    for (const stored of ["/data/ab/x.h5", "/data/a/../b/x.h5", "/x.h5"]) {
      expect(() => recover(stored, ["/data/a"])).toThrowError(/leads out/);
    }
  });

  it("a path below a home that is not known is INVALID_ARGUMENT", () => {
    expect(() => recoverPath("$LAILA_HOME/x", {}, [], where)).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});
