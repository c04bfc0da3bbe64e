/**
 * The forms in which a secret could lie in bytes: plain, escaped in JSON (and that in JSON again), hex,
 * URL-encoded in every way, base64 at each offset.
 */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // The characters at the ends depend on the neighbours; those between do not.
    return whole.slice(4, -4);
  });
  const hex = bytes.toString("hex");
  const escaped = JSON.stringify(secret).slice(1, -1);
  const encoded = encodeURIComponent(secret);
  const everyByte = hex.replace(/../g, "%$&");
  const forms = [
    secret,
    // As bytes: what is searched is read as Latin-1.
    bytes.toString("latin1"),
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    hex,
    hex.toUpperCase(),
    encoded,
    encoded.replace(/%../g, (code) => code.toLowerCase()),
    encodeURI(secret),
    new URLSearchParams({ x: secret }).toString().slice(2),
    everyByte,
    everyByte.toUpperCase(),
    ...base64,
    ...base64.map(toUrlSafe),
  ];
  return [...new Set(forms)];
}

function toUrlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** Which of the secrets are in a text or in bytes, in any form. */
export function secretsIn(where: string | Uint8Array, secrets: readonly string[]): string[] {
  const text = typeof where === "string" ? where : Buffer.from(where).toString("latin1");
  return secrets.filter((secret) => formsOf(secret).some((form) => text.includes(form)));
}
