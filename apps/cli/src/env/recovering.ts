import { resolve } from "node:path";
import type { Approval, RecoverOptions, Unlock } from "@laila/core";
import { readNamedText } from "../files.js";
import type { Project } from "../project/project.js";
import type { Context } from "../spec.js";
import { invalid, pairOf } from "./name.js";

const approvals: readonly Approval[] = ["encryption", "proxies", "alpha_pool", "version"];

/** The options of a recovery that flags give. The classes are those of all installed pool packages. */
export async function recoveringOptions(
  context: Context,
  project: Project,
): Promise<RecoverOptions> {
  const { given, cwd, signal } = context;
  const only = given.texts("only");
  const key = given.text("verify");
  const approve = given.texts("approve").map((text) => {
    const found = approvals.find((one) => one === text);
    if (found === undefined)
      throw invalid(`--approve takes ${approvals.join(", ")}, not ${JSON.stringify(text)}.`);
    return found;
  });
  const trust = given.texts("trust").map((text) => {
    const [secret, origin] = pairOf("--trust", text);
    return { secret, origin };
  });
  return {
    poolClasses: await project.backends.all(),
    args: project.laila.args as object,
    only: only.length === 0 ? undefined : only,
    trust: [...(await project.trust()), ...trust],
    allowPaths: given.texts("allow-path").map((path) => resolve(cwd, path)),
    approve,
    verify: key === undefined ? undefined : await readNamedText(cwd, key),
    signal,
    ...(await unlockOptions(context)),
  };
}

/** What opens sealed secrets: never on the command line itself, where others could read it. */
export async function unlockOptions({ given, cwd }: Context): Promise<Unlock> {
  const files = given.texts("identity");
  const identities = await Promise.all(files.map((file) => readNamedText(cwd, file)));
  const passphrase = await passphraseIn(given.text("passphrase-file"), cwd);
  return {
    ...(identities.length === 0 ? {} : { identities }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** A file's first line. */
export async function passphraseIn(
  file: string | undefined,
  cwd: string,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readNamedText(cwd, file);
  return text.split(/\r?\n/, 1)[0];
}
