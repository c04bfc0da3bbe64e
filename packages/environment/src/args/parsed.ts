import type { ArgTree } from "./args.js";
import type { Lines } from "./lines.js";

/** A file's values, and where they stand in it. */
export interface Parsed {
  readonly tree: ArgTree;
  readonly lines: Lines;
}

/** Where a file stops being well-formed. The reason never quotes the file: it may hold secrets. */
export class SyntaxFault extends Error {
  readonly line: number;
  readonly column: number;
  readonly reason: string;

  constructor(line: number, column: number, reason: string) {
    super(reason);
    this.line = line;
    this.column = column;
    this.reason = reason;
  }
}
