import { useEffect, useState } from "preact/hooks";

export interface PlotColours {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
}

/** A canvas takes no CSS variables: the colours as they are now, around an element. */
export function plotColours(element: HTMLElement): PlotColours {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    text: colour("--text"),
    quiet: colour("--quiet"),
    line: colour("--line"),
    accent: colour("--accent"),
  };
  probe.remove();
  return colours;
}

/** Another number after each change between light and dark. */
export function useTheme(): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    const again = (): void => setRound((n) => n + 1);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", again);
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", again);
    };
  }, []);
  return round;
}
