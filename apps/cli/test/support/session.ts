/** One command of a terminal session, and what it printed. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

/** The sessions of a Markdown text: blocks marked `console`, with commands behind `$ ` and more of them behind `> `. */
export function sessionsOf(markdown: string): Step[][] {
  return [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = ""]) =>
    stepsOf(block),
  );
}

function stepsOf(block: string): Step[] {
  const steps: { command: string; output: string }[] = [];
  for (const line of block.split("\n").slice(0, -1)) {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), output: "" });
    else if (!last) throw new Error(`The session begins with no command: ${line}`);
    else if (line.startsWith("> ") && last.output === "") last.command += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return steps;
}

/** As it stands in a text. */
export function shownStep({ command, output }: Step): string {
  return `$ ${command.replaceAll("\n", "\n> ")}\n${output}`;
}
