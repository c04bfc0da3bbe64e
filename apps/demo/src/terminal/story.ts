import { styleText } from "node:util";

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
const style = (format: "bold" | "dim" | "green", text: string) =>
  colour ? styleText(format, text) : text;

/** One numbered step of the story. */
export function step(number: number | string, title: string): void {
  console.log(`\n${style("bold", `${number}. ${title}`)}`);
}

/** One line below a step. */
export function say(line = ""): void {
  console.log(line === "" ? "" : `   ${line}`);
}

/** A value, as the language prints it. */
export function show(text: string): void {
  for (const line of text.split("\n")) say(style("dim", line));
}

/** Something that was checked and holds. */
export function holds(line: string): void {
  say(`${style("green", "✓")} ${line}`);
}
