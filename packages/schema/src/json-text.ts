/**
 * `JSON.stringify` for values that are JSON-exact. Should someone have put a `toJSON` on
 * Object.prototype or Array.prototype, it is not called: the text is then written here.
 */
export function toJsonText(value: unknown): string {
  const clean = !("toJSON" in Object.prototype) && !("toJSON" in Array.prototype);
  return clean ? JSON.stringify(value) : write(value);
}

function write(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${Array.from(value, write).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(",")}}`;
}
