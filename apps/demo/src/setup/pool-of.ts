import { laila, type PoolLike } from "@laila/core";
import type { Context } from "hono";
import { names } from "../names.js";

/** The pool that `:pool` of the path names. NOT_FOUND. */
export function poolOf(c: Context): PoolLike {
  return laila.memory.poolRouter.route({ poolId: param(c, "pool") });
}

/** A part of the path, decoded. */
export function param(c: Context, name: string): string {
  return c.req.param(name) ?? "";
}

/** The pool that environments are saved in. */
export function store(): PoolLike {
  return laila.memory.poolRouter.route({ poolNickname: names.bucket });
}
