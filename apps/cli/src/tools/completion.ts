import { invalid } from "../env/name.js";
import { type Command, everywhere } from "../spec.js";
import { commands, groups } from "../specs/index.js";

/** `laila completion`. */
export const completion: Command = async ({ given }) => {
  const [shell = ""] = given.operands;
  const make = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (!make)
    throw invalid(
      `There is a completion for ${Object.keys(scripts).join(", ")}, not for ${JSON.stringify(shell)}.`,
    );
  const script = make();
  return { json: { shell, script }, text: script };
};

/** What may stand behind which words: commands and groups, then flags. */
function words(): [string, string[]][] {
  const first = [...new Set(commands.map(({ path }) => path[0] ?? ""))];
  const behindGroups = Object.keys(groups).map((group): [string, string[]] => [
    group,
    commands.flatMap(({ path }) => (path[0] === group && path[1] !== undefined ? [path[1]] : [])),
  ]);
  const flags = commands.map(({ path, flags }): [string, string[]] => [
    path.join(" "),
    Object.keys({ ...flags, ...everywhere }).map((flag) => `--${flag}`),
  ]);
  return [["", first], ...behindGroups, ...flags];
}

const bash = (): string => `_laila() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  COMPREPLY=()
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${commands
  .filter(({ path }) => path.length === 2)
  .map(
    ({ path }) =>
      `    "${path.join(" ")}") [ "$COMP_CWORD" -gt 2 ] && words="${wordsOf(path.join(" "))}" ;;`,
  )
  .join("\n")}
  esac
  if [ -z "$words" ]; then
    case "\${COMP_WORDS[1]}" in
${words()
  .filter(([behind]) => behind !== "" && !behind.includes(" "))
  .map(
    ([behind, list]) => `      ${behind}) [ "$COMP_CWORD" -gt 1 ] && words="${list.join(" ")}" ;;`,
  )
  .join("\n")}
    esac
  fi
  [ "$COMP_CWORD" -eq 1 ] && words="${wordsOf("")}"
  case "$current" in
    -*) ;;
    *) case "$words" in --*) words="" ;; esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _laila laila
`;

function wordsOf(behind: string): string {
  return (words().find(([one]) => one === behind)?.[1] ?? []).join(" ");
}

const zsh = (): string => `#compdef laila
autoload -U +X bashcompinit && bashcompinit
${bash()}`;

const fish = (): string => {
  const lines = [`complete -c laila -n __fish_use_subcommand -f -a '${wordsOf("")}'`];
  for (const group of Object.keys(groups)) {
    const names = wordsOf(group);
    lines.push(
      `complete -c laila -n '__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${names}' -f -a '${names}'`,
    );
  }
  for (const { path, flags } of commands) {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    for (const [flag, { type, about }] of Object.entries({ ...flags, ...everywhere })) {
      const value = type === "switch" ? "" : " -r";
      lines.push(
        `complete -c laila -n '${seen}' -l ${flag}${value} -d '${about.replaceAll("'", "\\'")}'`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
};

const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };
