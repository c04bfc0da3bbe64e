import { type ChildProcess, fork, type StdioOptions } from "node:child_process";
import { join } from "node:path";

/** Starts one of the built programs beside this one, in a folder that has its `secrets.toml`. */
export function startChild(
  program: "first" | "second" | "setup",
  {
    folder,
    args = [],
    stdio,
  }: { readonly folder: string; readonly args?: readonly string[]; readonly stdio: StdioOptions },
): ChildProcess {
  return fork(new URL(`./${program}.js`, import.meta.url), args, {
    cwd: folder,
    // Nothing of this shell's credentials: what the child knows is in secrets.toml.
    env: {
      ...pick("PATH", "NO_COLOR", "TERM", "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"),
      LAILA_HOME: join(folder, "home"),
    },
    stdio,
  });
}

function pick(...names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    names.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
  );
}
