import { LailaError } from "@laila/schema";

/** Shorter secrets occur by chance. */
const shortestSecret = 8;

/** Query parameters that sign a URL or carry a credential, as S3, GCS, Azure and CloudFront write them. */
const signing =
  /^(x-(amz|goog)-(signature|credential|security-token)|signature|sig|awsaccesskeyid|googleaccessid|key-pair-id|policy|token|access_token|password|secret)$/i;

/**
 * Refuses a document that has a secret in it: INVALID_DOCUMENT with the path. A secret counts wherever it
 * stands, in names too, and URL-encoded; so does a URL with user info or with signature parameters.
 */
export function refuseSecrets(document: object, secrets: ReadonlyMap<string, string>): void {
  const known = [...secrets].filter(([value]) => value.length >= shortestSecret);
  const check = (text: string, path: string): void => {
    const forms = decodings(text);
    for (const [value, name] of known) {
      if (forms.some((form) => form.includes(value)))
        throw found(
          path,
          `the secret ${name}`,
          "Keep secrets out of nicknames and of fields that are not secret",
        );
    }
    for (const form of forms) {
      const what = credentialInUrl(form);
      if (what)
        throw found(
          path,
          what,
          "Give the URL without it, and the credential in a field marked secret",
        );
    }
  };
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "string") check(value, path);
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      // The name is checked before it becomes part of a path that a message may show.
      check(name, `${path} (the name of a member)`);
      walk(inner, `${path}.${name}`);
    }
  };
  walk(document, "environment");
}

/** The text itself and what it becomes when URL-decoded, several times over, `+` as a space or not. */
function decodings(text: string): string[] {
  const forms = new Set([text]);
  // A set that grows while it is walked: what was decoded is decoded again.
  for (const form of forms) {
    if (forms.size > 8) break;
    forms.add(decoded(form)).add(decoded(form.replaceAll("+", " ")));
  }
  return [...forms];
}

function decoded(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      // Not UTF-8: byte for byte is what a reader could still make of it.
      return escapes.replace(/%(..)/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
    }
  });
}

export function credentialInUrl(text: string): string | undefined {
  // From the "://" on: what stands before it does not matter, and looking for it would cost.
  for (const [url] of text.matchAll(/:\/\/[^\s"'<>]+/g)) {
    if (/^:\/\/[^/?#]*@/.test(url)) return "a URL with user info";
    const query = /\?([^#]*)/.exec(url)?.[1] ?? "";
    for (const pair of query.split("&")) {
      const name = pair.split("=", 1)[0] ?? "";
      if (signing.test(name) && pair.length > name.length + 1) return "a signed URL";
    }
  }
  return undefined;
}

function found(path: string, what: string, advice: string): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `The environment is not given out: ${path} holds ${what}. ${advice}.`,
    { details: { path } },
  );
}
