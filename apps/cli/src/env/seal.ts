import { type Lock, loadEnvironment, resealEnvironment, sealEnvironment } from "@laila/core";
import { Project } from "../project/project.js";
import type { Command } from "../spec.js";
import { invalid, selectorOf, whichOf } from "./name.js";
import { passphraseIn, unlockOptions } from "./recovering.js";
import { versionOptions } from "./write.js";

/** `laila env seal`: what is sealed already is sealed anew, if it is opened; else the arguments have the values. */
export const seal: Command = (context) =>
  Project.use(context, async (project) => {
    const { given, cwd, signal } = context;
    const which = whichOf(given.operands[0]);
    const recipients = given.texts("recipient");
    const passphrase = await passphraseIn(given.text("new-passphrase-file"), cwd);
    if (recipients.length > 0 === (passphrase !== undefined))
      throw invalid(
        "For whom? Give --recipient AGE1… (age-keygen -y KEY_FILE prints it), or --new-passphrase-file FILE.",
      );
    const lock: Lock = passphrase === undefined ? { recipients } : { passphrase };
    const name = project.nameOr(which.name);
    const pool = await project.chosen();
    const namespace = project.laila.namespace;
    const { environment } = await loadEnvironment({
      name,
      pool,
      namespace,
      signal,
      ...selectorOf(which),
    });
    const unlock = await unlockOptions(context);
    const args = project.laila.args as object;
    const opened = unlock.identities !== undefined || unlock.passphrase !== undefined;
    const sealed = opened
      ? await resealEnvironment(environment, { ...lock, unlock, args })
      : await sealEnvironment(environment, { ...lock, args });
    const options = await versionOptions(context);
    const message = options.message ?? "Sealed";
    const json = await project.laila.saveEnvironment(sealed, {
      ...options,
      message,
      name,
      pool,
      signal,
    });
    return { json, text: `${name}, version ${json.version}, sealed` };
  });
