import { Boxes, Flame, History, ListTree, Moon, Network, Sun } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isConnected, life } from "./core/live.js";
import { hrefOf, route } from "./core/route.js";
import { CodePanel } from "./ui/code-panel.js";
import { Badge, Button } from "./ui/parts.js";
import { DisasterView } from "./views/disaster/index.js";
import { EntriesView } from "./views/entries/index.js";
import { EnvironmentView } from "./views/environment/index.js";
import { ManifestsView } from "./views/manifests/index.js";
import { SetupView } from "./views/setup/index.js";

const places = [
  { id: "setup", title: "Set-up", icon: Network, View: SetupView },
  { id: "entries", title: "Entries", icon: Boxes, View: EntriesView },
  { id: "manifests", title: "Manifests", icon: ListTree, View: ManifestsView },
  { id: "environment", title: "Environment", icon: History, View: EnvironmentView },
  { id: "disaster", title: "Disaster", icon: Flame, View: DisasterView },
] as const;

export function App() {
  const at = route.value[0] ?? "setup";
  const { id: here, title, View } = places.find(({ id }) => id === at) ?? places[0];
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} – LAILA`;
    // Whoever went to another place reads on there; at the first sight nobody has been anywhere.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
    main.current?.scrollTo(0, 0);
  }, [title]);
  return (
    <div class="shell">
      <button type="button" class="button skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header>
        <a class="brand" href={hrefOf("setup")}>
          <img src="./icon.svg" alt="" /> LAILA
        </a>
        <nav class="places" aria-label="Places">
          {places.map(({ id, title, icon: Icon }) => (
            <a key={id} href={hrefOf(id)} aria-current={id === here ? "page" : undefined}>
              <Icon size={16} aria-hidden="true" />
              {title}
            </a>
          ))}
        </nav>
        <div class="status">
          <LifeBadge />
          <ThemeButton />
        </div>
      </header>
      {here === "disaster" ? null : <DownBanner />}
      <main ref={main} tabIndex={-1}>
        <View />
      </main>
      <CodePanel />
    </div>
  );
}

/** Says in every other view that there is no set-up to talk to, and where to get it back. */
function DownBanner() {
  const state = life.value?.state;
  if (!isConnected.value)
    return (
      <div class="banner" role="alert">
        <p>The demo does not answer. Start it again in the terminal: npm run demo</p>
      </div>
    );
  if (state !== "down" && state !== "recovering") return null;
  const isDown = state === "down";
  return (
    <div class={`banner ${isDown ? "" : "accent"}`} role="alert">
      <p>{isDown ? "The set-up is down." : "The set-up is being recovered."}</p>
      <a class="button" href={hrefOf("disaster")}>
        {isDown ? "Recover it" : "See how far it is"}
      </a>
    </div>
  );
}

const lifeTones = {
  starting: "accent",
  running: "good",
  down: "bad",
  recovering: "accent",
} as const;

function LifeBadge() {
  if (!isConnected.value) return <Badge tone="bad">not connected</Badge>;
  const state = life.value?.state ?? "starting";
  return (
    <span role="status">
      <Badge tone={lifeTones[state]}>{state}</Badge>
    </span>
  );
}

const themeKey = "laila-theme";

function ThemeButton() {
  const [theme, setTheme] = useState(() => localStorage.getItem(themeKey));
  useEffect(() => {
    if (theme !== null) document.documentElement.dataset.theme = theme;
  }, [theme]);
  const choose = (chosen: "light" | "dark"): void => {
    // At once: who loads the page anew has not waited for it to be drawn.
    localStorage.setItem(themeKey, chosen);
    setTheme(chosen);
  };
  const isDark =
    theme === null ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  const Icon = isDark ? Sun : Moon;
  return (
    <Button
      tone="plain"
      label={isDark ? "Light colours" : "Dark colours"}
      onClick={() => choose(isDark ? "light" : "dark")}
    >
      <Icon size={16} aria-hidden="true" />
    </Button>
  );
}
