import { laila } from "@laila/core";
import { documentDigest } from "@laila/schema";
import { tell } from "./tell.js";

/** Tells the keeper when the set-up is another than before; looks by itself each second. */
export function watchSetup(): { readonly look: () => void } {
  let known = documentDigest(laila.environment);
  const look = (): void => {
    const digest = documentDigest(laila.environment);
    if (digest === known) return;
    known = digest;
    tell({ type: "setup", digest });
  };
  setInterval(look, 1_000).unref();
  return { look };
}
