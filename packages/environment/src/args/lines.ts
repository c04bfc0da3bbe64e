/** The line (from 1) on which each value begins, by its path; a value without one has its table's. */
export class Lines {
  readonly #lines = new Map<string, number>();

  add(path: readonly string[], line: number): void {
    this.#lines.set(JSON.stringify(path), line);
  }

  /** The line of the path, or of the nearest table around it. */
  of(path: readonly string[]): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }
}

/** Line and column (both from 1) of an offset. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
