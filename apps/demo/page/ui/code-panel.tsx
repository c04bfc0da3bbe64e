import { ChevronDown, ChevronUp, CodeXml } from "lucide-preact";
import { isCodeOpen, shownSnippet } from "../core/code.js";
import { life } from "../core/live.js";
import { Button, CopyButton } from "./parts.js";

/** How to do what was just done in the page: in TypeScript, and with the command. */
export function CodePanel() {
  const shown = shownSnippet.value;
  if (!shown) return null;
  const isOpen = isCodeOpen.value;
  const Chevron = isOpen ? ChevronDown : ChevronUp;
  return (
    <section class="code-panel" aria-label="The code">
      <div class="code-head">
        <Button
          tone="plain"
          aria-expanded={isOpen}
          onClick={() => {
            isCodeOpen.value = !isOpen;
          }}
        >
          <CodeXml size={16} aria-hidden="true" />
          The code: {shown.title}
          <Chevron size={16} aria-hidden="true" />
        </Button>
      </div>
      {isOpen ? (
        <div class="code-body">
          <CodeBlock title="TypeScript" text={shown.typescript} />
          {shown.command === null ? null : (
            <CodeBlock title="Command" where={life.value?.folder} text={shown.command} />
          )}
        </div>
      ) : null}
    </section>
  );
}

interface CodeBlockProps {
  readonly title: string;
  /** The folder in which it can be run. */
  readonly where?: string | undefined;
  readonly text: string;
}

export function CodeBlock({ title, where, text }: CodeBlockProps) {
  return (
    <div class="code-block">
      <header>
        <span>
          {title}
          {where === undefined ? null : (
            <>
              , in <span class="mono">{where}</span>
            </>
          )}
        </span>
        <CopyButton text={text} label={`Copy the ${title}`} />
      </header>
      <pre>
        <code>{text}</code>
      </pre>
    </div>
  );
}
