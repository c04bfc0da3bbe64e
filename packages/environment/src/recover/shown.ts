/** Text of a document as messages may show it: quoted, without control characters, not too long. */
export function shown(text: unknown): string {
  const plain = String(text).replace(/\p{C}/gu, "");
  return JSON.stringify(plain.length > 200 ? `${plain.slice(0, 200)}…` : plain);
}

/** How a pool of a document is called in messages. */
export function shownPool({ nickname }: { readonly nickname?: unknown }, id: string): string {
  return nickname === undefined ? `the pool ${id}` : `the pool ${shown(nickname)} (${id})`;
}
