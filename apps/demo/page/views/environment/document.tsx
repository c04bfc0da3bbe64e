import type { EnvironmentDocument } from "@laila/schema";
import { Download } from "lucide-preact";
import { useMemo, useState } from "preact/hooks";
import { count } from "../../core/format.js";
import { Button, CopyButton, Note, Tabs } from "../../ui/parts.js";
import { Outline } from "./outline.js";

interface DocumentProps {
  readonly environment: EnvironmentDocument;
  /** Of a downloaded file. */
  readonly fileName: string;
}

/** A document to be read, copied and taken away. */
export function DocumentText({ environment, fileName }: DocumentProps) {
  const [form, setForm] = useState<"outline" | "json">("outline");
  const json = useMemo(() => JSON.stringify(environment, null, 2), [environment]);
  const secrets = useMemo(
    () => new Set([...json.matchAll(secretLine)].map(([, name]) => name)).size,
    [json],
  );
  return (
    <div class="document">
      <Note tone="good">
        {secrets === 0
          ? "There is no secret in it."
          : `No secret is in it: ${count(secrets, "is", "are")} named, and looked up where it is recovered.`}
      </Note>
      <div class="row document-head">
        <Tabs
          label="How to show the document"
          tabs={[
            { id: "outline", title: "Outline" },
            { id: "json", title: "JSON" },
          ]}
          selected={form}
          onSelect={setForm}
        />
        <span class="row">
          <CopyButton text={json} label="Copy the document" />
          <Button tone="plain" label="Download as JSON" onClick={() => download(fileName, json)}>
            <Download size={16} aria-hidden="true" />
          </Button>
        </span>
      </div>
      {form === "outline" ? <Outline environment={environment} /> : <JsonText text={json} />}
    </div>
  );
}

const secretLine = /"\$secret": "(.*)"/g;

/** JSON as it is stored; the references to secrets are marked. */
function JsonText({ text }: { readonly text: string }) {
  const parts: (string | { readonly secret: string })[] = [];
  let at = 0;
  for (const { 0: secret, index } of text.matchAll(secretLine)) {
    parts.push(text.slice(at, index), { secret });
    at = index + secret.length;
  }
  parts.push(text.slice(at));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard.
    <pre class="json-text" tabIndex={0}>
      <code>
        {parts.map((part) => (typeof part === "string" ? part : <mark>{part.secret}</mark>))}
      </code>
    </pre>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
