import { Check, CircleAlert, Copy, Info, TriangleAlert } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../core/api.js";

type Tone = "good" | "warn" | "bad" | "accent" | "plain";

interface ButtonProps extends Omit<JSX.IntrinsicElements["button"], "icon"> {
  readonly tone?: "primary" | "danger" | "plain";
  /** What a screen reader says of a button that shows an icon only; also its tooltip. */
  readonly label?: string;
}

export function Button({ tone, label, children, ...rest }: ButtonProps) {
  const classes = ["button", tone ?? "", label === undefined ? "" : "icon-only"].join(" ");
  const named = label === undefined ? {} : { "aria-label": label, title: label };
  return (
    <button type="button" class={classes} {...named} {...rest}>
      {children}
    </button>
  );
}

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

interface PanelProps {
  readonly title: ComponentChildren;
  /** What stands at the right of the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}

export function Panel({ title, actions, children, class: more = "" }: PanelProps) {
  return (
    <section class={`panel ${more}`}>
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}

/** A label around its control, which is the child. */
export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

const noteIcons = { good: Check, warn: TriangleAlert, bad: CircleAlert, plain: Info };

export function Note({
  tone = "plain",
  children,
}: {
  tone?: keyof typeof noteIcons;
  children: ComponentChildren;
}) {
  const Icon = noteIcons[tone];
  return (
    <div class={`note ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon size={16} aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}

/** What went wrong, by its code, with what to do next. */
export function ErrorNote({ error }: { error: unknown }) {
  const code = error instanceof ApiError ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  return (
    <Note tone="bad">
      {code === undefined ? null : <strong class="mono">{code} </strong>}
      {text}
    </Note>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [outcome, setOutcome] = useState<"copied" | "refused" | null>(null);
  const copy = async (): Promise<void> => {
    try {
      // Without https, other machines' pages have no clipboard; and people can refuse it.
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
    } catch {
      setOutcome("refused");
    }
    setTimeout(setOutcome, 1500, null);
  };
  const told = { copied: "Copied", refused: "The browser refused: select it and copy" };
  const Icon = outcome === null ? Copy : outcome === "copied" ? Check : CircleAlert;
  return (
    <Button tone="plain" label={outcome ? told[outcome] : label} onClick={() => void copy()}>
      <Icon size={16} aria-hidden="true" />
    </Button>
  );
}

interface TabsProps<T extends string> {
  /** What the tabs are about, for screen readers. */
  readonly label: string;
  readonly tabs: readonly { readonly id: T; readonly title: ComponentChildren }[];
  readonly selected: T;
  readonly onSelect: (id: T) => void;
}

/** One of several views of the same thing; arrow keys go from one to the next. */
export function Tabs<T extends string>({ label, tabs, selected, onSelect }: TabsProps<T>) {
  const onKeyDown = (event: JSX.TargetedKeyboardEvent<HTMLElement>): void => {
    const at = tabs.findIndex(({ id }) => id === selected);
    const last = tabs.length - 1;
    const next = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onSelect(tabs[next]!.id);
    (event.currentTarget.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
      {tabs.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          role="tab"
          aria-selected={id === selected}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
