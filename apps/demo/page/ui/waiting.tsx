import type { ComponentChildren } from "preact";
import { life } from "../core/live.js";
import { Empty } from "./parts.js";

/** In place of what is being asked for, or cannot be known while there is no set-up. */
export function Waiting({ children }: { readonly children: ComponentChildren }) {
  const state = life.value?.state;
  if (state === "down" || state === "recovering")
    return <Empty>This is not known while the set-up is {state}.</Empty>;
  return <Empty>{children}</Empty>;
}
